import type { RuleCommand } from '../types.ts';
import { addDestination, addServer } from './destination.ts';
import { finishLine, type Line, markedText, startLine } from './line.ts';
import type { NameFormatter } from './naming.ts';
import { addIdentity, addService } from './service.ts';

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

const letters: Readonly<Record<TableCommand['command'], string>> = {
  'add-service': '-A',
  'edit-service': '-E',
  'delete-service': '-D',
  'add-server': '-a',
  'edit-server': '-e',
  'delete-server': '-d',
};

/**
 * A command as a line, and what of it ipvsadm has no words for. Throws a TypeError or RangeError at what is
 * no command.
 */
export function commandLine(command: TableCommand, naming: NameFormatter | undefined): Line {
  const draft = startLine(letters[command.command]);
  addIdentity(draft, command.service, naming);
  switch (command.command) {
    case 'add-service':
    case 'edit-service':
      addService(draft, command.service);
      break;
    case 'add-server':
    case 'edit-server':
      addServer(draft, command.destination, command.service, naming);
      addDestination(draft, command.destination, command.service);
      break;
    case 'delete-server':
      addServer(draft, command.destination, command.service, naming);
      break;
    default:
      break;
  }
  return finishLine(draft);
}

/**
 * A command as a line that `parseCommands` reads: of ipvsadm's language, numbers in place of names, or marked
 * where that has no words for it.
 */
export function formatCommand(command: TableCommand): string {
  return markedText(commandLine(command, undefined));
}
