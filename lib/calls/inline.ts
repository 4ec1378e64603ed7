import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Slot } from '../addon/record.ts';
import type { Queue } from './queue.ts';

/**
 * After this many inline writes in a row one resolves by setImmediate, so that a loop of awaited writes
 * cannot starve the event loop.
 */
const RUN = 100;

const microtask = Promise.resolve();

/** Makes lone writes without the hop to the client's thread, as libuv writes sockets. */
export interface InlineWriter {
  /**
   * Executes the call whose record a slot holds: its status, or undefined when it has to be queued. Only the
   * first call of a tick is executed: whatever else is called in that tick is queued, so that a loop of
   * un-awaited calls becomes a batch.
   */
  tryWrite(slot: Slot): number | undefined;
  /** The promise for a call that was executed. */
  answer<T>(value: T | Promise<T>): Promise<T>;
}

export function createInlineWriter(queue: Queue): InlineWriter {
  let wroteThisTick = false;
  let run = 0; // inline writes since one waited for a turn

  function endTick(): void {
    wroteThisTick = false;
  }

  return {
    tryWrite(slot) {
      if (wroteThisTick || !queue.isIdle()) return undefined;
      const status = queue.client().inline(slot.memory);
      if (status !== undefined) {
        wroteThisTick = true;
        microtask.then(endTick); // runs before whoever awaits this call goes on
      }
      return status;
    },
    answer(value) {
      const answer = Promise.resolve(value);
      if (++run < RUN) return answer;
      run = 0;
      // Whoever made the call hears of a failure in the next turn, and Node.js would end the process before
      // that.
      answer.catch(() => {});
      return nextTurn().then(() => answer);
    },
  };
}
