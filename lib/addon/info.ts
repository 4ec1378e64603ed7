import type { Info } from '../model/kernel.ts';
import { InfoReply } from './layout.ts';

/** Reads InfoRow (native/codec/rows.h). */
export function readInfo(payload: ArrayBuffer): Info {
  const words = new Uint32Array(payload);
  const version = words[InfoReply.version >> 2]!;
  const part = (shift: number) => (version >>> shift) & 255;
  return {
    version: `${part(16)}.${part(8)}.${part(0)}`,
    connectionTableSize: words[InfoReply.connectionTableSize >> 2]!,
  };
}
