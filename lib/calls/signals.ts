/** The pending calls of each AbortSignal. */
export interface Signals<Call> {
  add(signal: AbortSignal, call: Call): void;
  remove(signal: AbortSignal, call: Call): void;
}

interface Group<Call> {
  readonly calls: Set<Call>;
  readonly onAbort: () => void;
}

/**
 * Listens to each signal once, however many calls wait with it: Node.js warns of a leak at the eleventh
 * listener. `aborted` gets each of a signal's calls when it is aborted.
 */
export function createSignals<Call>(aborted: (call: Call, reason: unknown) => void): Signals<Call> {
  const groups = new Map<AbortSignal, Group<Call>>();

  function groupOf(signal: AbortSignal): Group<Call> {
    const known = groups.get(signal);
    if (known !== undefined) return known;
    const calls = new Set<Call>();
    const group = {
      calls,
      onAbort: () => {
        for (const call of calls) aborted(call, signal.reason);
      },
    };
    groups.set(signal, group);
    signal.addEventListener('abort', group.onAbort, { once: true });
    return group;
  }

  return {
    add(signal, call) {
      groupOf(signal).calls.add(call);
    },
    remove(signal, call) {
      const group = groups.get(signal);
      if (group === undefined) return;
      group.calls.delete(call);
      if (group.calls.size > 0) return;
      groups.delete(signal);
      signal.removeEventListener('abort', group.onAbort);
    },
  };
}
