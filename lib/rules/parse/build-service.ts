import { parseIpv4, prefixOfMask } from '../../model/address.ts';
import { MAX_NAME } from '../../model/constants.ts';
import { isIpv6Service, type ServiceId } from '../../model/identity.ts';
import { DEFAULT_PERSISTENCE, DEFAULT_SCHEDULER, type ServiceSpec } from '../../model/service.ts';
import { options } from '../grammar/options.ts';
import { complain, type Problems, show } from '../problem.ts';
import { type Builder, buildServiceId } from './endpoint.ts';
import { expected, parseNumber } from './popt.ts';

const generic = ['flag-1', 'flag-2', 'flag-3'];

/** A whole service, defaults filled in, in the shape in which the library reads it from the kernel. */
export function buildService(builder: Builder): ServiceSpec | undefined {
  const { values, problems } = builder;
  const id = buildServiceId(builder);
  if (id === undefined) return undefined;
  const scheduler = values.scheduler || DEFAULT_SCHEDULER;
  if (scheduler.length > MAX_NAME) {
    complain(
      problems,
      '-s',
      `a scheduler's name has ${MAX_NAME} characters at most, not ${show(scheduler)}`,
      255,
    );
  }
  if (values.ops === true && id.fwmark === undefined && id.protocol !== 'udp') {
    complain(problems, '-o', `is for -u and -f: the kernel ignores it for ${id.protocol}`);
  }
  const persistence = buildPersistence(builder, id);
  if (id.port === 0 && persistence === undefined) {
    complain(
      problems,
      undefined,
      'a service of port 0 (every port) needs -p: the kernel would schedule nothing',
    );
  }
  return {
    ...id,
    scheduler,
    schedulerFlags: buildFlags(values['sched-flags'], scheduler, problems),
    onePacket: values.ops === true,
    ...(persistence !== undefined && { persistence }),
  } as ServiceSpec;
}

function buildFlags(text: string | undefined, scheduler: string, problems: Problems): readonly string[] {
  if (text === undefined || text === '') return [];
  const known: readonly string[] = options['sched-flags'].argument.choices;
  const given = new Set<string>();
  for (const flag of text.split(',')) {
    if (flag === '') continue;
    if (!known.includes(flag)) {
      complain(problems, '-b', `expected ${expected(options['sched-flags'].argument)}, not ${show(flag)}`);
    } else if (!generic.includes(flag) && flag.slice(0, 2) !== scheduler) {
      complain(problems, '-b', `${flag} goes with -s ${flag.slice(0, 2)}, not with ${show(scheduler)}`);
    }
    given.add(flag);
  }
  if (given.size === 0)
    complain(problems, '-b', `expected ${expected(options['sched-flags'].argument)}, not ${show(text)}`);
  // sh-fallback and flag-1 are one bit, and it has one name when it is read back.
  const own = scheduler === 'sh' || scheduler === 'mh' ? [`${scheduler}-fallback`, `${scheduler}-port`] : [];
  return generic.flatMap((flag, bit) => {
    const name = own[bit];
    return given.has(flag) || (name !== undefined && given.has(name)) ? [name ?? flag] : [];
  });
}

function buildPersistence({ values, problems }: Builder, id: ServiceId): ServiceSpec['persistence'] {
  const { persistent, netmask, pe } = values;
  if (persistent === undefined) {
    // ipvsadm takes both, and the kernel then has no use for them.
    if (netmask !== undefined) complain(problems, '-M', 'does nothing without -p');
    if (pe !== undefined) complain(problems, '--pe', 'does nothing without -p');
    return undefined;
  }
  if (pe !== undefined && (pe === '' || pe.length > MAX_NAME)) {
    complain(problems, '--pe', `expected the name of a persistence engine, such as sip, not ${show(pe)}`);
  }
  const six = isIpv6Service(id);
  return {
    timeout: persistent === true ? DEFAULT_PERSISTENCE : persistent,
    granularity: buildGranularity(netmask, six, problems),
    ...(pe !== undefined && { engine: pe }),
  };
}

function buildGranularity(text: string | undefined, six: boolean, problems: Problems): number {
  if (text === undefined) return six ? 128 : 32;
  if (six) {
    const length = parseNumber(text);
    if (length === undefined || length < 1 || length > 128) {
      complain(problems, '-M', `expected a prefix length from 1 to 128, not ${show(text)}`);
    }
    return length ?? 128;
  }
  const mask = parseIpv4(text);
  const length = mask === undefined ? undefined : prefixOfMask(mask);
  if (length === undefined) {
    complain(
      problems,
      '-M',
      `expected a netmask of contiguous bits, such as 255.255.255.0, not ${show(text)}`,
    );
  }
  return length ?? 32;
}
