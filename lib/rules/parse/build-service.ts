import { dottedMask, maskOfPrefix, prefixOfMask } from '../../model/address.ts';
import { MAX_NAME } from '../../model/constants.ts';
import { isIpv6Service, type ServiceId } from '../../model/identity.ts';
import { DEFAULT_PERSISTENCE, DEFAULT_SCHEDULER, type ServiceSpec } from '../../model/service.ts';
import { written } from '../grammar/lookup.ts';
import { options } from '../grammar/options.ts';
import { complain, type Findings, show, warn } from '../problem.ts';
import { type Builder, buildServiceId } from './endpoint.ts';
import { parseAnyIpv4, parseNumber } from './numbers.ts';
import { expected } from './popt.ts';

const generic: readonly string[] = ['flag-1', 'flag-2', 'flag-3'];

/** A whole service, defaults filled in, in the shape in which the library reads it from the kernel. */
export function buildService(builder: Builder): ServiceSpec | undefined {
  const { values, findings } = builder;
  const id = buildServiceId(builder);
  if (id === undefined) return undefined;
  const scheduler = values.scheduler || DEFAULT_SCHEDULER;
  if (scheduler.length > MAX_NAME) {
    complain(
      findings,
      '-s',
      `a scheduler's name has ${MAX_NAME} characters at most, not ${show(scheduler)}`,
      255,
    );
  }
  if (values.ops === true && id.fwmark === undefined && id.protocol !== 'udp') {
    complain(findings, '-o', `is for -u and -f: the kernel ignores it for ${id.protocol}`);
  }
  const persistence = buildPersistence(builder, id);
  if (id.port === 0 && persistence.persistence === undefined) {
    complain(
      findings,
      undefined,
      'a service of port 0 (every port) needs -p: the kernel would schedule nothing',
    );
  }
  return {
    ...id,
    scheduler,
    schedulerFlags: buildFlags(values['sched-flags'], scheduler, findings),
    onePacket: values.ops === true,
    ...persistence,
  } as ServiceSpec;
}

function buildFlags(text: string | undefined, scheduler: string, findings: Findings): readonly string[] {
  if (text === undefined || text === '') return [];
  const known: readonly string[] = options['sched-flags'].argument.choices;
  const given = new Set<string>();
  for (const flag of text.split(',')) {
    if (flag === '') continue;
    if (!known.includes(flag)) {
      complain(findings, '-b', `expected ${expected(options['sched-flags'].argument)}, not ${show(flag)}`);
    } else if (!generic.includes(flag) && flag.slice(0, 2) !== scheduler) {
      complain(findings, '-b', `${flag} goes with -s ${flag.slice(0, 2)}, not with ${show(scheduler)}`);
    }
    given.add(flag);
  }
  if (given.size === 0)
    complain(findings, '-b', `expected ${expected(options['sched-flags'].argument)}, not ${show(text)}`);
  // sh-fallback and flag-1 are one bit, and it has one name when it is read back.
  const own = scheduler === 'sh' || scheduler === 'mh' ? [`${scheduler}-fallback`, `${scheduler}-port`] : [];
  return generic.flatMap((flag, bit) => {
    const name = own[bit];
    return given.has(flag) || (name !== undefined && given.has(name)) ? [name ?? flag] : [];
  });
}

/** Persistence, or what a service keeps of it that is not persistent. */
function buildPersistence(builder: Builder, id: ServiceId): Partial<ServiceSpec> {
  const { values, findings } = builder;
  const { persistent, netmask, pe } = values;
  if (pe !== undefined && pe.length > MAX_NAME) {
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
    return { persistence: { timeout, ...settings } };
  }
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
