import { calls } from './calls.ts';
import { cli } from './cli.ts';
import { codec } from './codec.ts';
import type { Fault } from './fault.ts';
import { netlink } from './netlink.ts';
import { os } from './os.ts';
import { samples } from './samples.ts';
import { table } from './table.ts';

/** The faults that native tests have to notice, room by room. */
export const faults: readonly Fault[] = [...codec, ...os, ...netlink, ...table, ...samples, ...calls, ...cli];
