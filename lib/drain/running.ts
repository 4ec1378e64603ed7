import type { Calls } from '../calls/calls.ts';

/** A drain that waits. */
export interface RunningDrain {
  /** Somebody of this process wants the destination back: it must not be removed any more. */
  returned: boolean;
}

/** The drains that each client waits for, by their keys. */
const running = new WeakMap<Calls, Map<string, Set<RunningDrain>>>();

/** Adds a drain to those that wait; the function that is returned takes it out. */
export function addRunning(calls: Calls, key: string, drain: RunningDrain): () => void {
  const drains = running.get(calls) ?? new Map<string, Set<RunningDrain>>();
  running.set(calls, drains);
  const same = drains.get(key) ?? new Set();
  drains.set(key, same.add(drain));
  return () => {
    same.delete(drain);
    if (same.size === 0) drains.delete(key);
  };
}

/**
 * Tells the drains of a destination that it is wanted again, before a weight is written: one that has just
 * found it idle would else remove it. The function that is returned takes that back, should the write fail:
 * drains that have not ended since go on.
 */
export function giveBack(calls: Calls, key: string): () => void {
  const told = [...(running.get(calls)?.get(key) ?? [])].filter(drain => !drain.returned);
  for (const drain of told) drain.returned = true;
  return () => {
    for (const drain of told) drain.returned = false;
  };
}
