import type { Info } from '../model/kernel.ts';
import type { Payload } from './native.ts';

/** Reads InfoRow (native/codec/rows.h). */
export function readInfo(payload: Payload): Info {
  const [version, connectionTableSize] = new Uint32Array(payload as ArrayBuffer);
  const part = (shift: number) => (version! >>> shift) & 255;
  return { version: `${part(16)}.${part(8)}.${part(0)}`, connectionTableSize: connectionTableSize! };
}
