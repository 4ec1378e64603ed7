import { validateInteger, validateObject } from '../model/arguments.ts';
import type { Changes } from '../model/complete.ts';
import { MAX_TIMEOUT } from '../model/constants.ts';
import type { Payload } from './native.ts';
import { Layout, putWord, type Slot } from './record.ts';

/** After how many seconds without a packet the kernel forgets a connection: 1 to 2678400 (31 days) each. */
export interface Timeouts {
  /** An established TCP connection; the kernel's default is 900. */
  readonly tcp: number;
  /** A TCP connection after a FIN; 120. */
  readonly tcpFin: number;
  /** A UDP conversation; 300. */
  readonly udp: number;
}

const keys = new Set(['tcp', 'tcpFin', 'udp'] as const);

/** Writes the timeouts that are named; the kernel keeps those that are 0. */
export function putTimeouts(slot: Slot, timeouts: Changes<Timeouts>): void {
  validateObject('timeouts', timeouts, keys);
  for (const key of keys) {
    const seconds = timeouts[key];
    if (seconds !== undefined) {
      putWord(slot, Layout.timeouts[key], validateInteger(`timeouts.${key}`, seconds, 1, MAX_TIMEOUT));
    }
  }
}

/** The timeouts in a reply. */
export function readTimeouts(payload: Payload): Timeouts {
  const [tcp, tcpFin, udp] = new Uint32Array(payload as ArrayBuffer);
  return { tcp: tcp!, tcpFin: tcpFin!, udp: udp! };
}
