import { dottedMask, maskOfPrefix, prefixOfMask } from '../../model/address.ts';
import { isName, MAX_NAME } from '../../model/constants.ts';
import { isIpv6Service, type ServiceId } from '../../model/identity.ts';
import { flagBits, flagNames } from '../../model/scheduler.ts';
import {
  DEFAULT_PERSISTENCE,
  DEFAULT_SCHEDULER,
  type ServiceConfig,
  type ServiceSpec,
} from '../../model/service.ts';
import { written } from '../grammar/lookup.ts';
import { options } from '../grammar/options.ts';
import { complain, type Findings, show, warn } from '../problem.ts';
import { type Builder, buildServiceId } from './endpoint.ts';
import { parseAnyIpv4, parseNumber } from './numbers.ts';
import { expected } from './popt.ts';

/** A whole service, defaults filled in, in the shape in which the library reads it from the kernel. */
export function buildService(builder: Builder): ServiceSpec | undefined {
  const { values, findings } = builder;
  const id = buildServiceId(builder);
  if (id === undefined) return undefined;
  const isAsIs = values['as-is'] === true;
  const scheduler = values.scheduler || DEFAULT_SCHEDULER;
  if (!isName(scheduler)) {
    const rule = `a scheduler's name has ${MAX_NAME} ASCII characters at most`;
    complain(findings, '-s', `${rule}, not ${show(scheduler)}`, 255);
  }
  if (values.ops === true && id.fwmark === undefined && id.protocol !== 'udp' && !isAsIs) {
    complain(findings, '-o', `is for -u and -f: the kernel ignores it for ${id.protocol}`);
  }
  const persistence = buildPersistence(builder, id);
  if (id.port === 0 && persistence.persistence === undefined && !isAsIs) {
    const rule = 'a service of port 0 (every port) needs -p: the kernel would schedule nothing';
    complain(findings, undefined, rule);
  }
  return {
    ...id,
    scheduler,
    schedulerFlags: buildFlags(values['sched-flags'], scheduler, isAsIs, findings),
    onePacket: values.ops === true,
    ...persistence,
  };
}

function buildFlags(
  text: string | undefined,
  scheduler: string,
  isAsIs: boolean,
  findings: Findings,
): readonly string[] {
  if (text === undefined || text === '') return [];
  const { argument } = options['sched-flags'];
  const known: readonly string[] = argument.choices;
  const flags = text.split(',').filter(flag => flag !== '');
  if (flags.length === 0) complain(findings, '-b', `expected ${expected(argument)}, not ${show(text)}`);
  let bits = 0;
  for (const flag of flags) {
    const bit = known.includes(flag) || isAsIs ? flagBit(scheduler, flag) : undefined;
    if (bit !== undefined) {
      bits |= bit;
    } else if (known.includes(flag)) {
      complain(findings, '-b', `${flag} goes with -s ${flag.slice(0, 2)}, not with ${show(scheduler)}`);
    } else {
      complain(findings, '-b', `expected ${expected(argument)}, not ${show(flag)}`);
    }
  }
  // sh-fallback and flag-1 are one bit, and it has one name when it is read back.
  return flagNames(scheduler, bits >>> 0);
}

/** The bit of one of a scheduler's flags; undefined where it has none of that name. */
function flagBit(scheduler: string, flag: string): number | undefined {
  try {
    return flagBits('-b', scheduler, [flag]);
  } catch {
    return undefined;
  }
}

type KeptPersistence = Pick<ServiceConfig, 'persistence' | 'dormantPersistence'>;

/** Persistence, or what a service keeps of it that is not persistent. */
function buildPersistence(builder: Builder, id: ServiceId): KeptPersistence {
  const { values, findings } = builder;
  const { persistent, netmask, pe, dormant } = values;
  if (pe !== undefined && pe !== '' && !isName(pe)) {
    complain(
      findings,
      '--pe',
      `expected the name of a persistence engine, such as sip, not ${show(pe)}`,
      255,
    );
  }
  const ipv6 = isIpv6Service(id);
  const settings = {
    granularity: buildGranularity(netmask, ipv6, findings),
    ...(pe !== undefined && pe !== '' && { engine: pe }),
  };
  if (persistent !== undefined) {
    const timeout = persistent === true ? DEFAULT_PERSISTENCE : persistent;
    const whole = { timeout, ...settings };
    return dormant ? { dormantPersistence: whole } : { persistence: whole };
  }
  if (dormant) complain(findings, '--dormant', 'needs -p, with the timeout that is kept');
  for (const option of ['netmask', 'pe'] as const) {
    if (values[option] !== undefined) warn(findings, written(option), 'has no effect without -p');
  }
  const isDefault = settings.granularity === (ipv6 ? 128 : 32) && settings.engine === undefined;
  return isDefault ? {} : { dormantPersistence: { timeout: 0, ...settings } };
}

function buildGranularity(text: string | undefined, ipv6: boolean, findings: Findings): number | string {
  const whole = ipv6 ? 128 : 32;
  if (text === undefined) return whole;
  if (ipv6) {
    const length = parseNumber(text);
    if (length !== undefined && length >= 1 && length <= whole) return length;
    complain(findings, '-M', `expected a prefix length from 1 to 128, not ${show(text)}`);
    return whole;
  }
  const mask = parseAnyIpv4(text);
  if (mask === undefined) {
    complain(findings, '-M', `expected a netmask such as 255.255.255.0, not ${show(text)}`);
    return whole;
  }
  const dotted = dottedMask(mask);
  if (mask > 0 && mask <= 32) {
    const meant = dottedMask(maskOfPrefix(mask));
    warn(findings, '-M', `${show(text)} is the netmask ${dotted}; ${meant} is the one of ${mask} bits`);
  }
  return prefixOfMask(mask) ?? dotted;
}
