import { validateInteger, validateObject } from '../model/arguments.ts';
import type { Changes } from '../model/complete.ts';
import { MAX_CONNECTION_TIMEOUT } from '../model/constants.ts';
import type { Timeouts } from '../model/kernel.ts';
import { keysOf } from '../model/numbers.ts';
import { Layout, TimeoutsReply } from './layout.ts';
import { putWord, type Slot } from './record.ts';

const names = ['tcp', 'tcpFin', 'udp'] as const;
const keys = keysOf<Timeouts>({ tcp: true, tcpFin: true, udp: true });

/** Writes the timeouts that are named; the kernel keeps those that are 0. */
export function putTimeouts(slot: Slot, timeouts: Changes<Timeouts>): void {
  validateObject('timeouts', timeouts, keys);
  for (const key of names) {
    const seconds = timeouts[key];
    if (seconds !== undefined) {
      putWord(
        slot,
        Layout.timeouts[key],
        validateInteger(`timeouts.${key}`, seconds, 1, MAX_CONNECTION_TIMEOUT),
      );
    }
  }
}

/** The timeouts in a reply. */
export function readTimeouts(payload: ArrayBuffer): Timeouts {
  const words = new Uint32Array(payload);
  const word = (offset: number) => words[offset >> 2]!;
  return {
    tcp: word(TimeoutsReply.tcp),
    tcpFin: word(TimeoutsReply.tcpFin),
    udp: word(TimeoutsReply.udp),
  };
}
