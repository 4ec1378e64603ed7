import { putDestinationChanges, putDestinationId, putDestinationSpec } from '../addon/destination.ts';
import { Layout, Operation } from '../addon/layout.ts';
import { putWord } from '../addon/record.ts';
import { putServiceChanges, putServiceId, putServiceSpec } from '../addon/service.ts';
import type { DestinationChanges, DestinationSpec } from '../model/destination.ts';
import { copyDestinationId, copyServiceId, type DestinationId, type ServiceId } from '../model/identity.ts';
import { DEFAULT_SCHEDULER, type ServiceChanges, type ServiceSpec } from '../model/service.ts';
import type { CallSpec } from './calls.ts';
import { findMissingModule } from './probe.ts';

/** A call that changes the table: what goes into its record, and what errors tell about it. */
export type Write = CallSpec<void>;

function nothing(): void {}

export function addService(spec: ServiceSpec): Write {
  return {
    operation: Operation.newService,
    about: {
      command: 'NEW_SERVICE',
      service: copyServiceId(spec),
      scheduler: spec?.scheduler ?? DEFAULT_SCHEDULER,
      engine: spec?.persistence?.engine,
    },
    encode: slot => void putServiceSpec(slot, spec),
    decode: nothing,
    investigate: findMissingModule,
  };
}

export function updateService(id: ServiceId, changes: ServiceChanges): Write {
  return {
    operation: Operation.updateService,
    about: {
      command: 'SET_SERVICE',
      service: copyServiceId(id),
      scheduler: changes?.scheduler,
      engine: changes?.persistence?.engine,
    },
    encode: slot => void putServiceChanges(slot, id, changes),
    decode: nothing,
    investigate: findMissingModule,
  };
}

export function removeService(id: ServiceId): Write {
  return {
    operation: Operation.delService,
    about: { command: 'DEL_SERVICE', service: copyServiceId(id) },
    encode: slot => void putServiceId(slot, id),
    decode: nothing,
  };
}

export function addDestination(service: ServiceId, spec: DestinationSpec): Write {
  return {
    operation: Operation.newDest,
    about: {
      command: 'NEW_DEST',
      service: copyServiceId(service),
      destination: copyDestinationId(spec),
    },
    encode(slot) {
      putServiceId(slot, service);
      putDestinationSpec(slot, spec);
      return undefined;
    },
    decode: nothing,
  };
}

export function updateDestination(
  service: ServiceId,
  destination: DestinationId,
  changes: DestinationChanges,
): Write {
  return {
    operation: Operation.updateDest,
    about: {
      command: 'SET_DEST',
      service: copyServiceId(service),
      destination: copyDestinationId(destination),
    },
    encode(slot) {
      putServiceId(slot, service);
      return putDestinationChanges(slot, destination, changes) ? Operation.setDest : undefined;
    },
    decode: nothing,
  };
}

export function removeDestination(service: ServiceId, destination: DestinationId): Write {
  return {
    operation: Operation.delDest,
    about: {
      command: 'DEL_DEST',
      service: copyServiceId(service),
      destination: copyDestinationId(destination),
    },
    encode(slot) {
      putServiceId(slot, service);
      putDestinationId(slot, destination);
      return undefined;
    },
    decode: nothing,
  };
}

export function flush(): Write {
  return { operation: Operation.flush, about: { command: 'FLUSH' }, decode: nothing };
}

export function zero(service: ServiceId | undefined): Write {
  return {
    operation: Operation.zero,
    about: { command: 'ZERO', service: service && copyServiceId(service) },
    encode(slot) {
      if (service === undefined) return undefined;
      putServiceId(slot, service);
      putWord(slot, Layout.fields, 1);
      return undefined;
    },
    decode: nothing,
  };
}
