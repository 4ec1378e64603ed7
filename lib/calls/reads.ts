import { IN_ONE_PIECE, Layout, Operation } from '../addon/layout.ts';
import type { NativeTable } from '../addon/native.ts';
import { putWord } from '../addon/record.ts';
import { putServiceId } from '../addon/service.ts';
import { copyServiceId, type ServiceId } from '../model/identity.ts';
import { readKeys } from '../options.ts';
import type { CallSpec } from './calls.ts';
import { E } from './kernel-error.ts';

/** What is made of a table in columns. */
type Decode<T> = (table: NativeTable) => T | Promise<T>;

/** Reads a service, as a table that has no other; undefined when it does not exist. */
export function service<T>(id: ServiceId, decode: Decode<T>): CallSpec<T | undefined> {
  return {
    operation: Operation.getService,
    about: { command: 'GET_SERVICE', service: copyServiceId(id) },
    optionKeys: readKeys,
    encode: slot => void putServiceId(slot, id),
    decode: payload => decode(payload as NativeTable),
    accept: status => (status === E.SRCH ? { value: undefined } : undefined),
  };
}

/** Reads a service's destinations, as a table without services. */
export function destinations<T>(id: ServiceId, decode: Decode<T>): CallSpec<T> {
  return {
    operation: Operation.getDest,
    about: { command: 'GET_DEST', service: copyServiceId(id) },
    optionKeys: readKeys,
    encode: slot => void putServiceId(slot, id),
    decode: payload => decode(payload as NativeTable),
  };
}

/** Reads the whole table in one piece. */
export function table<T>(decode: Decode<T>): CallSpec<T> {
  return {
    operation: Operation.snapshot,
    about: { command: 'GET_DEST' },
    encode: slot => void putWord(slot, Layout.fields, IN_ONE_PIECE),
    decode: payload => decode(payload as NativeTable),
  };
}
