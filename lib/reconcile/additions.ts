import { getDestinationSpec } from '../addon/destination.ts';
import { getDestinationId, getServiceId } from '../addon/identity.ts';
import { createRecordReader } from '../addon/record.ts';
import { getServiceSpec } from '../addon/service.ts';
import type { DesiredEntry } from './desired.ts';
import type { AddDestinationStep, AddServiceStep } from './types.ts';

/**
 * Makes the steps that add services, each followed at once by those of its destinations. Read back from
 * `DesiredTable.records`: they tell what is sent, whatever becomes of the caller's objects meanwhile.
 */
export function createAdditionReader(
  records: Uint32Array,
): (entry: DesiredEntry) => readonly (AddServiceStep | AddDestinationStep)[] {
  const slotOf = createRecordReader(records);
  return ({ record, count }) => {
    const slot = slotOf(record);
    const service = getServiceId(slot);
    const steps: (AddServiceStep | AddDestinationStep)[] = [
      { kind: 'add-service', service, spec: getServiceSpec(slot) },
    ];
    for (let i = 1; i <= count; i++) {
      const slot = slotOf(record + i);
      steps.push({
        kind: 'add-destination',
        service,
        destination: getDestinationId(slot),
        spec: getDestinationSpec(slot),
      });
    }
    return steps;
  };
}
