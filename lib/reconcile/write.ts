import { putDestinationSpec } from '../addon/destination.ts';
import { putDestinationId, putServiceId } from '../addon/identity.ts';
import { Layout, Operation } from '../addon/layout.ts';
import { type Batch, createBatch, putWord, type Slot } from '../addon/record.ts';
import * as writes from '../calls/writes.ts';
import type { ServiceId } from '../model/identity.ts';
import type { ChangeDestinationStep, Step } from './types.ts';

/** The write that a step is: what its errors are worded by. */
export function writeOf(step: Step): writes.Write {
  switch (step.kind) {
    case 'add-service':
      return writes.addService(step.spec);
    case 'change-service':
      return writes.setService(step.spec);
    case 'remove-service':
      return writes.removeService(step.service);
    case 'add-destination':
      return writes.addDestination(step.service, step.spec);
    case 'change-destination':
      return writes.updateDestination(step.service, step.destination, changesOf(step));
    case 'remove-destination':
      return writes.removeDestination(step.service, step.destination);
  }
}

/**
 * Everything that can be changed, so that one message replaces it all; the weight only where it is ours to
 * set.
 */
function changesOf({ spec, keepsWeight }: ChangeDestinationStep) {
  const { address: _, port: __, weight, ...others } = spec;
  return keepsWeight === true ? others : { ...others, weight };
}

/** Encodes steps into records, one after another. */
export interface StepEncoder {
  readonly count: number;
  /** Appends `group` steps, from `first` on, which are to go to the kernel in one send. */
  append(steps: readonly Step[], first: number, group: number): void;
  /** The records so far. Valid until the next `append`. */
  take(): Uint8Array;
}

export function createStepEncoder(): StepEncoder {
  const batch: Batch = createBatch();
  /** The service whose identity was encoded last, and what came of it. */
  let service: ServiceId | undefined;
  let encoded = new Uint8Array();

  function putService(slot: Slot, wanted: ServiceId): void {
    const { family, bytes } = Layout.service;
    if (wanted === service) {
      slot.bytes.set(encoded, family);
      return;
    }
    putServiceId(slot, wanted);
    service = wanted;
    encoded = slot.bytes.slice(family, family + bytes);
  }

  function encode(step: Step): Slot {
    switch (step.kind) {
      case 'add-destination': {
        const slot = batch.open(Operation.newDest);
        putService(slot, step.service);
        putDestinationSpec(slot, step.spec);
        return slot;
      }
      case 'remove-destination': {
        const slot = batch.open(Operation.delDest);
        putService(slot, step.service);
        putDestinationId(slot, step.destination);
        return slot;
      }
      default: {
        const write = writeOf(step);
        const slot = batch.open(write.operation);
        write.encode?.(slot);
        return slot;
      }
    }
  }

  return {
    get count() {
      return batch.count;
    },
    append(steps, first, group) {
      for (let i = first; i < first + group; i++) {
        const slot = encode(steps[i]!);
        if (steps[i]!.kind === 'add-service') putWord(slot, Layout.run, group);
        batch.commit(slot);
      }
    },
    take: () => batch.take(),
  };
}
