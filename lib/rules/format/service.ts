import { dottedMask, maskOfPrefix, parseIpv4 } from '../../model/address.ts';
import { validateBoolean, validateChoice, validateInteger, wrongValue } from '../../model/arguments.ts';
import { Family, MAX_PERSISTENCE, MAX_PROTOCOL, MAX_TIMEOUT, ProtocolNumber } from '../../model/constants.ts';
import { isIpv6Service, type Protocol, type ServiceId } from '../../model/identity.ts';
import { validateNumber } from '../../model/numbers.ts';
import { flagBits, flagNames } from '../../model/scheduler.ts';
import {
  DEFAULT_PERSISTENCE,
  DEFAULT_SCHEDULER,
  type Persistence,
  type ServiceSpec,
} from '../../model/service.ts';
import { addName, type Draft, needAsIs } from './line.ts';
import { endpointText, type NameFormatter } from './naming.ts';

const protocolOptions: Readonly<Record<string, string>> = {
  tcp: '-t',
  udp: '-u',
  sctp: '--sctp-service',
};

/** The protocol whose ports have names; undefined under a mark, and for one that IPVS does not balance. */
export function namedProtocol({ protocol }: ServiceId): Protocol | undefined {
  return protocol !== undefined && Object.hasOwn(protocolOptions, protocol) ? protocol : undefined;
}

/** Writes the option that names a service. */
export function addIdentity(draft: Draft, service: ServiceId, naming: NameFormatter | undefined): void {
  const { fwmark, family, protocol, address } = service;
  if (fwmark !== undefined) {
    draft.text += ` -f ${validateInteger('service.fwmark', fwmark, 1, 0xffff_ffff)}`;
    if (validateChoice('service.family', family, Family) === Family.ipv6) draft.text += ' -6';
    return;
  }
  const number = validateNumber('service.protocol', protocol, ProtocolNumber, MAX_PROTOCOL);
  const port = validateInteger('service.port', service.port, 0, 65_535);
  const named = namedProtocol(service);
  const endpoint = endpointText(address, port, named, naming);
  if (named !== undefined) {
    draft.text += ` ${protocolOptions[named]} ${endpoint}`;
  } else {
    draft.text += ` --ip-service ${number}/${endpoint}`;
    draft.additions.push(`protocol ${number}`);
  }
}

/** Writes the options that say how a service is balanced. */
export function addService(draft: Draft, service: ServiceSpec): void {
  const { scheduler = DEFAULT_SCHEDULER, schedulerFlags = [], persistence, onePacket = false } = service;
  draft.text += ' -s';
  addName(draft, 'service.scheduler', 'scheduler', scheduler);
  if (persistence !== undefined) {
    addPersistence(draft, service, persistence);
  } else {
    addDormant(draft, service);
    if (service.port === 0) needAsIs(draft, 'port 0 without persistence');
  }
  if (validateBoolean('service.onePacket', onePacket)) {
    draft.text += ' -o';
    if (service.fwmark === undefined && service.protocol !== 'udp') {
      needAsIs(draft, `one-packet scheduling of ${service.protocol}`);
    }
  }
  const flags = flagNames(scheduler, flagBits('service.schedulerFlags', scheduler, schedulerFlags));
  if (flags.length > 0) draft.text += ` -b ${flags.join(',')}`;
  for (const flag of flags) if (flag.startsWith('0x')) needAsIs(draft, `scheduler flag ${flag}`);
}

function addPersistence(draft: Draft, service: ServiceSpec, persistence: Persistence): void {
  const { timeout = DEFAULT_PERSISTENCE } = persistence;
  addTimeout(draft, 'service.persistence', timeout);
  addSettings(draft, 'service.persistence', service, persistence);
}

/** Writes what a service keeps of a persistence without being persistent. */
function addDormant(draft: Draft, service: ServiceSpec): void {
  const { dormantPersistence: dormant } = service;
  if (dormant === undefined) return;
  const { timeout = 0 } = dormant;
  if (timeout !== 0) addTimeout(draft, 'service.dormantPersistence', timeout);
  addSettings(draft, 'service.dormantPersistence', service, dormant);
  if (timeout === 0) return; // ipvsadm takes the others without -p
  draft.text += ' --dormant';
  draft.additions.push(`a timeout of ${timeout} s without persistence`);
}

function addTimeout(draft: Draft, field: string, timeout: number): void {
  draft.text += ` -p ${validateInteger(`${field}.timeout`, timeout, 0, MAX_PERSISTENCE)}`;
  if (timeout === 0 || timeout > MAX_TIMEOUT) needAsIs(draft, `a persistence timeout of ${timeout} s`);
}

function addSettings(draft: Draft, field: string, service: ServiceId, settings: Persistence): void {
  const { granularity, engine } = settings;
  const ipv6 = isIpv6Service(service);
  const mask = granularityText(validateGranularity(`${field}.granularity`, granularity, ipv6), ipv6);
  if (mask !== undefined) draft.text += ` -M ${mask}`;
  if (engine === undefined) return;
  draft.text += ' --pe';
  addName(draft, `${field}.engine`, 'persistence engine', engine);
}

function validateGranularity(
  field: string,
  granularity: number | string | undefined,
  ipv6: boolean,
): number | string | undefined {
  if (granularity === undefined) return undefined;
  if (typeof granularity === 'number' || ipv6) {
    return validateInteger(field, granularity, ipv6 ? 1 : 0, ipv6 ? 128 : 32);
  }
  if (typeof granularity !== 'string' || parseIpv4(granularity) === undefined) {
    throw wrongValue(field, 'be a prefix length or an IPv4 netmask', granularity);
  }
  return granularity;
}

/** A granularity as ipvsadm writes it; undefined when each address stands for itself. */
function granularityText(granularity: number | string | undefined, ipv6: boolean): string | undefined {
  if (ipv6) return granularity === undefined || granularity === 128 ? undefined : String(granularity);
  const mask = typeof granularity === 'string' ? granularity : dottedMask(maskOfPrefix(granularity ?? 32));
  return mask === '255.255.255.255' ? undefined : mask;
}
