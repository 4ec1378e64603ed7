import type { Ipvs } from '../../client.ts';
import type { Undrained } from '../../drain/drain.ts';
import type { Drained, DrainOptions } from '../../drain/types.ts';
import { canonicalAddress } from '../../model/address.ts';
import type { DestinationId, ServiceId } from '../../model/identity.ts';
import { type Arguments, isGiven, misuse, type Run } from '../arguments.ts';
import { type Answers, directorsOf, drainByDirectors, sayToDirectors } from '../director/client.ts';
import type { Shell } from '../terminal.ts';
import { type Work, withModule } from '../with-client.ts';
import { drainOptionsOf, inOptions, rephrase } from './desired-options.ts';
import { INTERRUPTED, rowText, secondsText, whileDraining } from './draining.ts';

/** What is drained: one destination, or all with an address. */
type Target =
  | { readonly address: string }
  | { readonly service: ServiceId; readonly destination: DestinationId };

/** Drains a destination or all with an address, or brings them back. */
export const run: Run = async (given, shell) => withModule(shell, await prepare(given, shell));

/** Reads what is to be drained, or brought back; what is returned does it. */
async function prepare(given: Arguments, shell: Shell): Promise<Work> {
  const target = targetOf(given.words);
  if (isGiven(given, 'undo')) {
    const [other] = Object.keys(given.options).filter(name => name !== 'undo' && name !== 'json');
    if (other !== undefined) throw misuse(`--${other} says how to drain: it does not go with --undo`);
    return ipvs => undo(ipvs, target, given, shell);
  }
  const options: DrainOptions = {
    ...drainOptionsOf(given),
    ...(isGiven(given, 'all') && { idle: 'all' }),
    force: isGiven(given, 'force'),
    // biome-ignore lint/suspicious/noThenProperty: the option's name; its value is a text, which nothing awaits
    then: isGiven(given, 'keep') ? 'keep' : 'remove',
  };
  return async ipvs => {
    try {
      const left = 'what was drained stays at weight 0; --undo brings it back';
      const drained = await whileDraining(shell, left, how => drain(ipvs, target, { ...options, ...how }));
      return drained === undefined ? INTERRUPTED : tell(drained, target, given, shell);
    } catch (error) {
      throw rephrase(error as Error);
    }
  };
}

/** Drains; what directors that did not answer may have is not touched. */
async function drain(ipvs: Ipvs, target: Target, options: DrainOptions): Promise<Answers<Drained>> {
  // A director that has the destination would give it its weight again: it has to know.
  const { answers, failures } = await drainByDirectors(await directorsOf(ipvs), target, options);
  if (answers.length > 0 || failures.length > 0) return { answers: answers.flat(), failures };
  const drained =
    'address' in target
      ? await ipvs.drainAddress(target.address, options)
      : [await ipvs.drain(target.service, target.destination, options)];
  return { answers: drained, failures };
}

function tell(
  { answers: drained, failures }: Answers<Drained>,
  target: Target,
  given: Arguments,
  shell: Shell,
): number {
  if (isGiven(given, 'json')) {
    shell.print(`${JSON.stringify(drained, undefined, 2)}\n`);
  } else {
    for (const result of drained) {
      for (const { message } of result.traps) shell.complain(`warning: ${inOptions(message)}`);
      shell.print(`${rowText(result)}: ${outcomeText(result)}\n`);
    }
  }
  if (failures.length > 0) return tellFailures(failures, drained.length, 'drained', shell);
  if (drained.length === 0) {
    shell.complain(`no service has a destination at ${(target as { readonly address: string }).address}`);
    return 1;
  }
  return drained.every(({ outcome }) => outcome !== 'gave-up' && outcome !== 'returned') ? 0 : 1;
}

function outcomeText({ outcome, elapsed, ...counts }: Drained): string {
  const after = `after ${secondsText(elapsed)}`;
  switch (outcome) {
    case 'removed':
    case 'kept': {
      const left = leftOf(counts);
      const what = outcome === 'removed' ? 'removed' : 'at weight 0';
      return left === '' ? `${what} ${after}` : `${what} ${after}, with ${left}`;
    }
    case 'gave-up':
      return `not idle ${after}: ${leftOf(counts)} are left; it stays at weight 0`;
    case 'returned':
      return `was given a weight again ${after}, and left alone`;
    case 'gone':
      return `was removed by another program ${after}`;
  }
}

function leftOf(
  counts: Pick<Drained, 'activeConnections' | 'inactiveConnections' | 'persistentConnections'>,
) {
  const { activeConnections, inactiveConnections, persistentConnections } = counts;
  return [
    ...(activeConnections > 0 ? [`${activeConnections} active`] : []),
    ...(inactiveConnections > 0 ? [`${inactiveConnections} inactive`] : []),
    ...(persistentConnections > 0 ? [`${persistentConnections} persistent`] : []),
  ].join(', ');
}

/** Tells why directors did not do their part, which nobody else does. Returns the exit status. */
function tellFailures(failures: readonly Error[], done: number, what: string, shell: Shell): number {
  for (const error of failures) shell.complain(rephrase(error).message);
  if (done === 0) shell.complain(`nothing was ${what}: a director that has it must know`);
  return 1;
}

async function undo(ipvs: Ipvs, target: Target, given: Arguments, shell: Shell): Promise<number> {
  const { answers, failures } = await sayToDirectors(await directorsOf(ipvs), target, null);
  const directed = answers.flat();
  const undrained: readonly Undrained[] =
    directed.length > 0 || failures.length > 0
      ? directed
      : 'address' in target
        ? await ipvs.undrainAddress(target.address)
        : [await ipvs.undrain(target.service, target.destination)];
  if (isGiven(given, 'json')) shell.print(`${JSON.stringify(undrained, undefined, 2)}\n`);
  else for (const one of undrained) shell.print(`${rowText(one)}: weight ${one.weight} again\n`);
  if (failures.length > 0) return tellFailures(failures, undrained.length, 'brought back', shell);
  if (undrained.length > 0) return 0;
  shell.complain('no drain of that is recorded');
  return 1;
}

/**
 * Reads an address, or a service as lists write it and a destination: `tcp 10.0.0.1:80 10.0.0.2:80`, `fwmark 7
 * [ipv6] 10.0.0.2:0`. A service may be one word, in quotes.
 */
export function targetOf(given: readonly string[]): Target {
  const words = given.flatMap(word => word.trim().split(/\s+/));
  if (words.length === 1) {
    const address = canonicalAddress(words[0]!.replace(/^\[(.*)\]$/, '$1'));
    if (address === undefined) throw misuse(`'${words[0]}' is no address, and a service needs a destination`);
    return { address };
  }
  const endpoints = [...words];
  const destination = endpointOf(endpoints.pop()!);
  return { service: serviceOf(endpoints), destination };
}

function serviceOf(words: readonly string[]): ServiceId {
  const [kind = '', which = '', family] = words;
  if (kind === 'fwmark' && /^\d+$/.test(which) && words.length <= 3) {
    if (family === undefined || family === 'ipv4' || family === 'ipv6') {
      return { fwmark: Number(which), family: family ?? 'ipv4' };
    }
  } else if (words.length === 2 && /^[a-z\d]+$/.test(kind)) {
    return { protocol: kind as 'tcp', ...endpointOf(which) };
  }
  throw misuse(
    `'${words.join(' ')}' is no service: expected one as lists write it, such as tcp 10.0.0.1:80 or fwmark 7`,
  );
}

function endpointOf(text: string): DestinationId {
  const [, ipv6, ipv4, port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = canonicalAddress(ipv6 ?? ipv4 ?? '');
  if (address === undefined) {
    throw misuse(`'${text}' is no address and port: expected them as lists write them, such as 10.0.0.2:80`);
  }
  return { address, port: Number(port) };
}
