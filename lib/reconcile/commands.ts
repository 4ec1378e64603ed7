import { formatCommand, type TableCommand } from '../rules/format/command.ts';
import type { PlanData, Step } from './types.ts';

/**
 * A plan's steps as lines of ipvsadm's language, for `ipvsadm -R`; what that has no words for is marked, and
 * for `ipvs restore` alone, as `formatRules` writes it.
 */
export function planCommands({ steps }: Pick<PlanData, 'steps'>): string[] {
  return steps.map(step => formatCommand(commandOf(step)));
}

function commandOf(step: Step): TableCommand {
  switch (step.kind) {
    case 'add-service':
      return { command: 'add-service', service: step.spec };
    case 'change-service':
      return { command: 'edit-service', service: step.spec };
    case 'remove-service':
      return { command: 'delete-service', service: step.service };
    case 'add-destination':
      return { command: 'add-server', service: step.service, destination: step.spec };
    case 'change-destination':
      return { command: 'edit-server', service: step.service, destination: step.spec };
    case 'remove-destination':
      return { command: 'delete-server', service: step.service, destination: step.destination };
  }
}
