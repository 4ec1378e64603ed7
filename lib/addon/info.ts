import type { Payload } from './native.ts';

/** The kernel's IPVS. */
export interface Info {
  /** '1.2.1' in every kernel since 2008: no guide to what it can do. */
  readonly version: string;
  /** Buckets of the connection table. From 7.1 on the namespace's own: 0 before its first service, then growing and shrinking. */
  readonly connectionTableSize: number;
}

/** Reads InfoRow (native/codec/rows.h). */
export function readInfo(payload: Payload): Info {
  const [version, connectionTableSize] = new Uint32Array(payload as ArrayBuffer);
  const part = (shift: number) => (version! >>> shift) & 255;
  return { version: `${part(16)}.${part(8)}.${part(0)}`, connectionTableSize: connectionTableSize! };
}
