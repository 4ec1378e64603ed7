import type { RuleCommand } from '../types.ts';
import { destinationRule, endpointText, serviceIdentity, serviceRule } from './format.ts';

/** A command that changes services or destinations. */
export type TableCommand = Extract<
  RuleCommand,
  {
    readonly command:
      | 'add-service'
      | 'edit-service'
      | 'delete-service'
      | 'add-server'
      | 'edit-server'
      | 'delete-server';
  }
>;

/**
 * A command as a line of ipvsadm's language, numbers in place of names. Throws as `formatRules` at what the language has
 * no words for.
 */
export function formatCommand(command: TableCommand): string {
  const identity = serviceIdentity(command.service, undefined);
  switch (command.command) {
    case 'add-service':
      return `-A ${identity}${serviceRule(command.service)}`;
    case 'edit-service':
      return `-E ${identity}${serviceRule(command.service)}`;
    case 'delete-service':
      return `-D ${identity}`;
    case 'add-server':
      return `-a ${identity} -r ${destinationRule(command.destination, command.service, undefined)}`;
    case 'edit-server':
      return `-e ${identity} -r ${destinationRule(command.destination, command.service, undefined)}`;
    default: {
      const { address, port } = command.destination;
      return `-d ${identity} -r ${endpointText(address, port, command.service.protocol, undefined)}`;
    }
  }
}
