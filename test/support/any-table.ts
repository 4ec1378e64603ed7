import fc from 'fast-check';
import { dottedMask, prefixOfMask } from '../../lib/model/address.ts';
import {
  ForwardingNumber,
  MAX_PERSISTENCE,
  MAX_WEIGHT,
  ProtocolNumber,
  SCHEDULER_FLAGS,
} from '../../lib/model/constants.ts';
import type { DestinationSpec, Forwarding } from '../../lib/model/destination.ts';
import { destinationKey, serviceKey } from '../../lib/model/identity.ts';
import { nameOf } from '../../lib/model/numbers.ts';
import { flagNames, schedulerNames } from '../../lib/model/scheduler.ts';
import type { Persistence, ServiceSpec } from '../../lib/model/service.ts';
import { tunnelOf } from '../../lib/model/tunnel.ts';

// Tables whose rows have any value that the kernel can hold, in the shape in which snapshot() returns them.

/** Mostly usual values, which ipvsadm can make, so that every other row consists of them alone. */
function mostly<T>(usual: readonly T[], any: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: any });
}

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.nat({ max: 0xffff_ffff });
const port = mostly([80], fc.oneof(fc.constant(0), u16));
const ipv4 = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.9.${a}.${b}`);
const ipv6 = fc.tuple(u16, u16).map(([a, b]) => `fd00:${(a | 1).toString(16)}::${(b | 1).toString(16)}`);
const character = fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code));
const name = mostly<string>(
  [...schedulerNames, 'none'],
  fc.string({ unit: character, minLength: 1, maxLength: 15 }),
);

function persistence(isIpv6: boolean): fc.Arbitrary<Persistence> {
  const mask = fc.oneof(fc.constantFrom(0, 0xffff_ffff, 0xff00_ff00, 24), u32);
  return fc
    .record({
      timeout: mostly(
        [300, 2_678_400],
        fc.oneof(fc.constantFrom(0, MAX_PERSISTENCE), fc.nat(MAX_PERSISTENCE)),
      ),
      granularity: isIpv6
        ? fc.integer({ min: 1, max: 128 })
        : mask.map(word => prefixOfMask(word) ?? dottedMask(word)),
      engine: fc.option(fc.oneof(fc.constant('sip'), name), { nil: undefined }),
    })
    .map(({ engine, ...rest }) => (engine === undefined ? rest : { ...rest, engine }));
}

function service(isIpv6: boolean): fc.Arbitrary<ServiceSpec> {
  const id = fc.oneof(
    fc.record({
      protocol: mostly([6, 17, 132], u16).map(number => nameOf(ProtocolNumber, number)),
      address: isIpv6 ? ipv6 : ipv4,
      port,
    }),
    fc.record({
      fwmark: u32.map(mark => mark || 1),
      family: fc.constant(isIpv6 ? ('ipv6' as const) : ('ipv4' as const)),
    }),
  );
  return fc
    .tuple(
      id,
      name,
      mostly([0, 0x8, 0x30], u32),
      mostly([false], fc.boolean()),
      mostly([true], fc.boolean()),
      persistence(isIpv6),
    )
    .map(([identity, scheduler, flags, onePacket, isPersistent, kept]) => {
      const { timeout, granularity, engine } = kept;
      const isNothing = timeout === 0 && granularity === (isIpv6 ? 128 : 32) && engine === undefined;
      return {
        ...identity,
        scheduler,
        schedulerFlags: flagNames(scheduler, (flags & SCHEDULER_FLAGS) >>> 0),
        onePacket,
        ...(isPersistent ? { persistence: kept } : !isNothing && { dormantPersistence: kept }),
      };
    });
}

function destination(isIpv6: boolean): fc.Arbitrary<DestinationSpec> {
  return fc
    .record({
      same: isIpv6 ? ipv6 : ipv4,
      any: fc.oneof(ipv4, ipv6),
      port,
      forwarding: mostly([0, 2, 3], fc.nat(7)),
      weight: mostly([0, 1, MAX_WEIGHT], fc.nat(MAX_WEIGHT)),
      thresholds: fc.tuple(mostly([0], u32), mostly([0, 5], u32)),
      type: mostly([0], fc.oneof(fc.constantFrom(1, 2), fc.nat(255))),
      tunnelPort: mostly([0], port),
      bits: mostly([0], fc.oneof(fc.constantFrom(1, 2, 3), u16)),
    })
    .map(row => {
      const isTunnelled = row.forwarding === ForwardingNumber.tunnel;
      const [lower, upper] = row.thresholds.toSorted((a, b) => a - b) as [number, number];
      const tunnel = tunnelOf(
        row.type,
        row.type === 1 ? row.tunnelPort || 1 : row.tunnelPort,
        row.bits,
        isTunnelled,
      );
      return {
        address: isTunnelled ? row.any : row.same,
        port: row.port,
        forwarding: nameOf(ForwardingNumber, row.forwarding) as Forwarding,
        ...(tunnel !== undefined && { tunnel }),
        weight: row.weight,
        upperThreshold: upper,
        lowerThreshold: lower,
      };
    });
}

/** Any table that the kernel can hold, mostly of usual values. */
export const anyTable: fc.Arbitrary<
  readonly (ServiceSpec & { readonly destinations: readonly DestinationSpec[] })[]
> = fc.uniqueArray(
  fc
    .boolean()
    .chain(isIpv6 =>
      fc
        .tuple(
          service(isIpv6),
          fc.uniqueArray(destination(isIpv6), { maxLength: 4, selector: destinationKey }),
        )
        .map(([spec, destinations]) => ({ ...spec, destinations })),
    ),
  { maxLength: 4, selector: serviceKey },
);
