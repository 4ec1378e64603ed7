import type { Ipvs } from '../../client.ts';
import type { ServiceSpec } from '../../model/service.ts';
import type { RuleCommand } from '../../rules/types.ts';
import type { Shell } from '../terminal.ts';
import { showTable } from './show.ts';

/**
 * Does one command. Its calls are made before it returns, so that several take effect in the order in which
 * they are started, and go to the kernel together.
 */
export function execute(ipvs: Ipvs, command: RuleCommand, shell: Shell): Promise<void> {
  switch (command.command) {
    case 'add-service':
      return ipvs.addService(command.service);
    case 'edit-service':
      return editService(ipvs, command.service);
    case 'delete-service':
      return ipvs.removeService(command.service);
    case 'add-server':
      return ipvs.addDestination(command.service, command.destination);
    case 'edit-server':
      return ipvs.updateDestination(command.service, command.destination, command.destination);
    case 'delete-server':
      return ipvs.removeDestination(command.service, command.destination);
    case 'clear':
      return ipvs.flush();
    case 'zero':
      return ipvs.zero(command.service);
    case 'set':
      return ipvs.setTimeouts(command.timeouts);
    case 'start-daemon':
      return ipvs.startDaemon(command.daemon);
    case 'stop-daemon':
      return ipvs.stopDaemon(command.role);
    case 'save':
    case 'list':
      return showTable(ipvs, command, shell);
    default:
      throw new TypeError(`${command.command} is no command for the kernel`);
  }
}

/** `-E` sets what is not named back to its default, unlike an update. */
function editService(ipvs: Ipvs, service: ServiceSpec): Promise<void> {
  const { persistence } = service;
  return ipvs.updateService(service, {
    ...service,
    persistence: persistence === undefined ? null : { engine: null, ...persistence },
  });
}
