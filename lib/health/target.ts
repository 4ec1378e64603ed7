import { validateAddress } from '../model/address.ts';
import { validateInteger, validateObject, validateString, wrongValue } from '../model/arguments.ts';
import { serviceKey } from '../model/identity.ts';
import { keysOf } from '../model/numbers.ts';
import { namespaceTarget } from '../namespace.ts';
import type { CheckTarget, NamedCheck } from './types.ts';

const targetKeys = keysOf<CheckTarget>({
  address: true,
  port: true,
  service: true,
  mark: true,
  device: true,
  source: true,
  netns: true,
});

/**
 * Returns a target of a check with canonical addresses; throws an `InvalidArgumentError` that names the wrong field.
 */
export function validateTarget(
  target: CheckTarget,
  { needsPort }: Pick<NamedCheck, 'needsPort'>,
): CheckTarget {
  validateObject('target', target, targetKeys);
  const { service } = target;
  if (service !== undefined) serviceKey(service);
  const way = validateWay(target, needsPort === false ? 0 : 1);
  return { ...way, ...(service === undefined ? {} : { service }) };
}

/** Returns what of a target says where packets go; throws an `InvalidArgumentError` that names the wrong field. */
export function validateWay(target: CheckTarget, leastPort: 0 | 1 = 1): Omit<CheckTarget, 'service'> {
  const address = validateAddress('address', target.address);
  const port = validateInteger('port', target.port, leastPort, 65_535);
  const { mark, device, source, netns } = target;
  if (mark !== undefined) validateInteger('mark', mark, 1, 0xffff_ffff);
  if (device !== undefined) validateDevice(device);
  if (netns !== undefined) namespaceTarget(netns);
  const from = source === undefined ? undefined : validateAddress('source', source);
  if (from !== undefined && from.includes(':') !== address.includes(':')) {
    throw wrongValue('source', `be of the family of ${address}`, source);
  }
  return {
    address,
    port,
    ...(mark === undefined ? {} : { mark }),
    ...(device === undefined ? {} : { device }),
    ...(from === undefined ? {} : { source: from }),
    ...(netns === undefined ? {} : { netns }),
  };
}

/** A name that the kernel takes for a device (dev_valid_name() in net/core/dev.c). */
function validateDevice(device: unknown): void {
  const name = validateString('device', device);
  if (!/^[^\s/:\0]{1,15}$/.test(name) || name === '.' || name === '..') {
    throw wrongValue('device', 'be the name of a network device, of 1 to 15 characters', device);
  }
}

/** The one text for a target: that of an equal one is equal. */
export function targetKey({ address, port, service, mark, device, source, netns }: CheckTarget): string {
  const of = service === undefined ? null : serviceKey(service);
  return JSON.stringify([address, port, of, mark, device, source, netns]);
}
