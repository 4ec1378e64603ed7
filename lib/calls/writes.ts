import { getDaemonRole, putDaemon, putDaemonRole } from '../addon/daemon.ts';
import { putDestinationChanges, putDestinationSpec } from '../addon/destination.ts';
import { getDestinationId, getServiceId, putDestinationId, putServiceId } from '../addon/identity.ts';
import { Layout, ONE_SERVICE, Operation } from '../addon/layout.ts';
import { getName, getWord, putWord, type Slot, setOperation } from '../addon/record.ts';
import { putServiceChanges, putServiceSpec } from '../addon/service.ts';
import { putTimeouts } from '../addon/timeouts.ts';
import type { Changes } from '../model/complete.ts';
import type { DestinationChanges, DestinationSpec } from '../model/destination.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import type { DaemonRole, DaemonSpec, Timeouts } from '../model/kernel.ts';
import type { ServiceChanges, ServiceSpec } from '../model/service.ts';
import type { CallSpec } from './call.ts';
import type { ErrorContext, Subject } from './error-context.ts';
import { findMissingModule } from './probe.ts';

/** A call that changes something in the kernel. */
export type Write = CallSpec<void>;

/**
 * A write of services or destinations, and what it was called with. Its functions are the same for all calls
 * of its kind: a program may make ten thousand at once, and closures of each would take the garbage collector
 * longer than to write their records.
 */
interface TableWrite<Service = ServiceId, Destination = undefined, Changes = undefined> extends Write {
  readonly service: Service;
  readonly destination: Destination;
  readonly changes: Changes;
}

function nothing(): void {}

const newService: ErrorContext = { command: 'NEW_SERVICE' };
const setServiceCommand: ErrorContext = { command: 'SET_SERVICE' };
const delService: ErrorContext = { command: 'DEL_SERVICE' };
const newDestination: ErrorContext = { command: 'NEW_DEST' };
const setDestination: ErrorContext = { command: 'SET_DEST' };
const delDestination: ErrorContext = { command: 'DEL_DEST' };

export function addService(spec: ServiceSpec): TableWrite<ServiceSpec> {
  return {
    operation: Operation.newService,
    context: newService,
    encode: encodeService,
    about: serviceWithModules,
    decode: nothing,
    investigate: findMissingModule,
    service: spec,
    destination: undefined,
    changes: undefined,
  };
}

function encodeService(this: TableWrite<ServiceSpec>, slot: Slot): void {
  putServiceSpec(slot, this.service);
}

/** Replaces all that can be changed of a service, without reading it first. */
export function setService(spec: ServiceSpec): Write {
  return { ...addService(spec), operation: Operation.setService, context: setServiceCommand };
}

export function updateService(
  id: ServiceId,
  changes: ServiceChanges,
): TableWrite<ServiceId, undefined, ServiceChanges> {
  return {
    operation: Operation.updateService,
    context: setServiceCommand,
    encode: encodeServiceChanges,
    about: serviceWithModules,
    decode: nothing,
    investigate: findMissingModule,
    service: id,
    destination: undefined,
    changes,
  };
}

function encodeServiceChanges(this: TableWrite<ServiceId, undefined, ServiceChanges>, slot: Slot): void {
  putServiceChanges(slot, this.service, this.changes);
}

export function removeService(id: ServiceId): TableWrite {
  return {
    operation: Operation.delService,
    context: delService,
    encode: encodeServiceId,
    about: serviceAlone,
    decode: nothing,
    service: id,
    destination: undefined,
    changes: undefined,
  };
}

function encodeServiceId(this: TableWrite, slot: Slot): void {
  putServiceId(slot, this.service);
}

export function addDestination(
  service: ServiceId,
  spec: DestinationSpec,
): TableWrite<ServiceId, DestinationSpec> {
  return {
    operation: Operation.newDest,
    context: newDestination,
    encode: encodeDestination,
    about: destinationOfService,
    decode: nothing,
    service,
    destination: spec,
    changes: undefined,
  };
}

function encodeDestination(this: TableWrite<ServiceId, DestinationSpec>, slot: Slot): void {
  putServiceId(slot, this.service);
  putDestinationSpec(slot, this.destination);
}

export function updateDestination(
  service: ServiceId,
  destination: DestinationId,
  changes: DestinationChanges,
): TableWrite<ServiceId, DestinationId, DestinationChanges> {
  return {
    operation: Operation.updateDest,
    context: setDestination,
    encode: encodeDestinationChanges,
    about: destinationOfService,
    decode: nothing,
    service,
    destination,
    changes,
  };
}

function encodeDestinationChanges(
  this: TableWrite<ServiceId, DestinationId, DestinationChanges>,
  slot: Slot,
): void {
  putServiceId(slot, this.service);
  // Where everything is named, nothing has to be read before.
  if (putDestinationChanges(slot, this.destination, this.changes)) setOperation(slot, Operation.setDest);
}

export function removeDestination(
  service: ServiceId,
  destination: DestinationId,
): TableWrite<ServiceId, DestinationId> {
  return {
    operation: Operation.delDest,
    context: delDestination,
    encode: encodeDestinationId,
    about: destinationOfService,
    decode: nothing,
    service,
    destination,
    changes: undefined,
  };
}

function encodeDestinationId(this: TableWrite<ServiceId, DestinationId>, slot: Slot): void {
  putServiceId(slot, this.service);
  putDestinationId(slot, this.destination);
}

function serviceAlone(record: Slot): Subject {
  return { service: getServiceId(record) };
}

function serviceWithModules(record: Slot): Subject {
  const at = Layout.service;
  return {
    service: getServiceId(record),
    scheduler: getName(record, at.scheduler),
    engine: getName(record, at.engine),
  };
}

function destinationOfService(record: Slot): Subject {
  return {
    service: getServiceId(record),
    destination: getDestinationId(record),
    upperThreshold: getWord(record, Layout.destination.upperThreshold),
  };
}

export function flush(): Write {
  return { operation: Operation.flush, context: { command: 'FLUSH' }, decode: nothing };
}

export function zero(service: ServiceId | undefined): Write {
  return {
    operation: Operation.zero,
    context: { command: 'ZERO' },
    about: record => (service === undefined ? {} : serviceAlone(record)),
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
    context: { command: 'NEW_DAEMON' },
    about: record => ({ role: getDaemonRole(record), interface: getName(record, Layout.daemon.interface) }),
    encode: slot => putDaemon(slot, daemon),
    decode: nothing,
  };
}

export function stopDaemon(role: DaemonRole): Write {
  return {
    operation: Operation.delDaemon,
    context: { command: 'DEL_DAEMON' },
    about: record => ({ role: getDaemonRole(record) }),
    encode: slot => putDaemonRole(slot, role),
    decode: nothing,
  };
}
