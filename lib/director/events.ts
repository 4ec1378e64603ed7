import type { DirectorEvent } from './event-types.ts';

/** Who hears of events. */
export interface EventHub {
  emit(event: DirectorEvent): void;
  /** Ends all readers, once they have read what is left. */
  end(): void;
  /** Everything from now on. */
  read(options: ReadEventsOptions): AsyncGenerator<DirectorEvent, void, undefined>;
}

/** What `events()` takes. */
export interface ReadEventsOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** How many events wait for a slow reader, before the oldest are left out, 1 to 1000000. Default 1000. */
  readonly limit?: number | undefined;
}

interface Reader {
  readonly queue: DirectorEvent[];
  readonly limit: number;
  leftOut: number;
  wake: () => void;
}

export function createEventHub(): EventHub {
  const readers = new Set<Reader>();
  let hasEnded = false;

  return {
    emit(event) {
      for (const reader of readers) {
        if (reader.queue.length >= reader.limit) {
          reader.queue.shift();
          reader.leftOut++;
        }
        reader.queue.push(event);
        reader.wake();
      }
    },
    end() {
      hasEnded = true;
      for (const reader of readers) reader.wake();
    },
    read({ signal, limit = 1000 }) {
      const reader: Reader = { queue: [], limit, leftOut: 0, wake: () => {} };
      // From now on, not from the first next() on: what happens in between is not lost.
      readers.add(reader);
      return iterate(
        reader,
        signal,
        () => hasEnded,
        () => readers.delete(reader),
      );
    },
  };
}

async function* iterate(
  reader: Reader,
  signal: AbortSignal | undefined,
  hasEnded: () => boolean,
  leave: () => void,
): AsyncGenerator<DirectorEvent, void, undefined> {
  const wake = () => reader.wake();
  signal?.addEventListener('abort', wake);
  try {
    while (signal?.aborted !== true) {
      const event = reader.queue.shift();
      if (event !== undefined) {
        const { leftOut: count } = reader;
        reader.leftOut = 0;
        if (count > 0) yield { time: event.time, type: 'left-out', count };
        yield event;
      } else if (hasEnded()) {
        return;
      } else {
        await new Promise<void>(resolve => {
          reader.wake = resolve;
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', wake);
    leave();
  }
}
