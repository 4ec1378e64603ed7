import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import { destinationKey, serviceKey } from '../model/identity.ts';

/** Whether an error is about the kernel as a whole: no command could do any better. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof IpvsError)) return false;
  const { code } = error;
  return (
    code === 'ERR_IPVS_NOT_AVAILABLE' ||
    code === 'ERR_IPVS_PERMISSION' ||
    code === 'ERR_IPVS_ADDON_MISSING' ||
    code === 'ERR_IPVS_LIBRARY_MISSING' ||
    code === 'ERR_IPVS_NETLINK' ||
    code === 'ERR_IPVS_NAMESPACE_NOT_FOUND' ||
    code === 'ERR_IPVS_NAMESPACE_FAILED'
  );
}

/** Errors whose own words name calls of the library where options are meant. */
const advices: { readonly [C in IpvsErrorCode]?: (who: string, error: IpvsError) => string } = {
  ERR_IPVS_SERVICE_EXISTS: who => `${who} exists already; -E changes it`,
  ERR_IPVS_SERVICE_NOT_FOUND: (_, { service, command }) =>
    `there is no service ${service === undefined ? '' : serviceKey(service)}${needing(command, '-A adds it')}`,
  ERR_IPVS_DESTINATION_EXISTS: who => `${who} exists already; -e changes it`,
  ERR_IPVS_DESTINATION_NOT_FOUND: (who, { command }) => `there is no ${who}${needing(command, '-a adds it')}`,
  ERR_IPVS_SCHEDULER_NOT_FOUND: (_, { message }) => withoutAdvice(message),
  ERR_IPVS_DAEMON_EXISTS: (_, { message }) => `${withoutAdvice(message)}; --stop-daemon ends it`,
};

/**
 * Advice on what is missing, for the commands that need it: whoever removes or lists does not want it added.
 */
function needing(command: string | undefined, advice: string): string {
  return command === 'SET_SERVICE' || command === 'NEW_DEST' || command === 'SET_DEST' ? `; ${advice}` : '';
}

/** What is to be done comes after a semicolon. */
function withoutAdvice(message: string): string {
  return message.replace(/; .*/, '');
}

/** What went wrong, in the words of the command line. */
export function advise(error: IpvsError): string {
  const { code, service, destination, message } = error;
  const advice = error instanceof IpvsError ? advices[code] : undefined;
  if (advice === undefined) return message;
  const whose = service === undefined ? '' : serviceKey(service);
  const who =
    destination === undefined
      ? `service ${whose}`
      : `destination ${destinationKey(destination)} of service ${whose}`;
  return advice(who, error);
}
