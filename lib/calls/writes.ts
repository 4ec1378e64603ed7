import { putDaemon, putDaemonRole } from '../addon/daemon.ts';
import { putDestinationChanges, putDestinationSpec } from '../addon/destination.ts';
import { putDestinationId, putServiceId } from '../addon/identity.ts';
import { Layout, ONE_SERVICE, Operation } from '../addon/layout.ts';
import { putWord, setOperation } from '../addon/record.ts';
import { putServiceChanges, putServiceSpec } from '../addon/service.ts';
import { putTimeouts } from '../addon/timeouts.ts';
import type { Changes } from '../model/complete.ts';
import type { DestinationChanges, DestinationSpec } from '../model/destination.ts';
import { copyDestinationId, copyServiceId, type DestinationId, type ServiceId } from '../model/identity.ts';
import type { DaemonRole, DaemonSpec, Timeouts } from '../model/kernel.ts';
import { DEFAULT_SCHEDULER, type ServiceChanges, type ServiceSpec } from '../model/service.ts';
import type { CallSpec } from './call.ts';
import { findMissingModule } from './probe.ts';

/** A call that changes something in the kernel. */
export type Write = CallSpec<void>;

function nothing(): void {}

export function addService(spec: ServiceSpec): Write {
  return {
    operation: Operation.newService,
    context: {
      command: 'NEW_SERVICE',
      service: copyServiceId(spec),
      scheduler: spec?.scheduler ?? DEFAULT_SCHEDULER,
      engine: (spec?.persistence ?? spec?.dormantPersistence)?.engine,
    },
    encode: slot => putServiceSpec(slot, spec),
    decode: nothing,
    investigate: findMissingModule,
  };
}

/** Replaces all that can be changed of a service, without reading it first. */
export function setService(spec: ServiceSpec): Write {
  const { context, ...write } = addService(spec);
  return { ...write, operation: Operation.setService, context: { ...context, command: 'SET_SERVICE' } };
}

export function updateService(id: ServiceId, changes: ServiceChanges): Write {
  return {
    operation: Operation.updateService,
    context: {
      command: 'SET_SERVICE',
      service: copyServiceId(id),
      scheduler: changes?.scheduler,
      engine: (changes?.persistence ?? changes?.dormantPersistence)?.engine,
    },
    encode: slot => putServiceChanges(slot, id, changes),
    decode: nothing,
    investigate: findMissingModule,
  };
}

export function removeService(id: ServiceId): Write {
  return {
    operation: Operation.delService,
    context: { command: 'DEL_SERVICE', service: copyServiceId(id) },
    encode: slot => putServiceId(slot, id),
    decode: nothing,
  };
}

export function addDestination(service: ServiceId, spec: DestinationSpec): Write {
  return {
    operation: Operation.newDest,
    context: {
      command: 'NEW_DEST',
      service: copyServiceId(service),
      destination: copyDestinationId(spec),
      upperThreshold: spec?.upperThreshold,
    },
    encode(slot) {
      putServiceId(slot, service);
      putDestinationSpec(slot, spec);
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
    context: {
      command: 'SET_DEST',
      service: copyServiceId(service),
      destination: copyDestinationId(destination),
      upperThreshold: changes?.upperThreshold,
    },
    encode(slot) {
      putServiceId(slot, service);
      // Where everything is named, nothing has to be read before.
      if (putDestinationChanges(slot, destination, changes)) setOperation(slot, Operation.setDest);
    },
    decode: nothing,
  };
}

export function removeDestination(service: ServiceId, destination: DestinationId): Write {
  return {
    operation: Operation.delDest,
    context: {
      command: 'DEL_DEST',
      service: copyServiceId(service),
      destination: copyDestinationId(destination),
    },
    encode(slot) {
      putServiceId(slot, service);
      putDestinationId(slot, destination);
    },
    decode: nothing,
  };
}

export function flush(): Write {
  return { operation: Operation.flush, context: { command: 'FLUSH' }, decode: nothing };
}

export function zero(service: ServiceId | undefined): Write {
  return {
    operation: Operation.zero,
    context: { command: 'ZERO', service: service && copyServiceId(service) },
    encode(slot) {
      if (service === undefined) return;
      putServiceId(slot, service);
      putWord(slot, Layout.extent, ONE_SERVICE);
    },
    decode: nothing,
  };
}

export function setTimeouts(timeouts: Changes<Timeouts>): Write {
  return {
    operation: Operation.setConfig,
    context: { command: 'SET_CONFIG' },
    encode: slot => putTimeouts(slot, timeouts),
    decode: nothing,
  };
}

export function startDaemon(daemon: DaemonSpec): Write {
  return {
    operation: Operation.newDaemon,
    context: { command: 'NEW_DAEMON', role: daemon?.role, interface: daemon?.interface },
    encode: slot => putDaemon(slot, daemon),
    decode: nothing,
  };
}

export function stopDaemon(role: DaemonRole): Write {
  return {
    operation: Operation.delDaemon,
    context: { command: 'DEL_DAEMON', role },
    encode: slot => putDaemonRole(slot, role),
    decode: nothing,
  };
}
