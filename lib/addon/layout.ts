/**
 * Every number that TypeScript and the addon share, in one place on each side: here, and in
 * native/node/layout.cc, which collects them from the headers that C++ compiles.
 * test/unit/addon/layout.test.ts compares all of them.
 */

export { PATH_MARKS } from '../model/check-path.ts';

const WORD = 4;
/** An address: 16 bytes in network order, IPv4 in the first four. */
export const ADDRESS_BYTES = 16;
/** A name, padded with NULs. */
export const NAME_BYTES = 16;

type Struct<Field extends string> = { readonly [F in Field | 'bytes']: number };

/**
 * The byte offsets of a struct's fields, given their sizes in their order; `bytes` is the size of the whole.
 * Without padding, as all sizes are multiples of four. `start` is where the struct begins, if within another
 * one.
 */
function struct<Field extends string>(sizes: Readonly<Record<Field, number>>, start = 0): Struct<Field> {
  const offsets: Record<string, number> = {};
  let at = start;
  for (const field in sizes) {
    offsets[field] = at;
    at += sizes[field];
  }
  offsets['bytes'] = at - start;
  return offsets as Struct<Field>;
}

/**
 * Operations: the kernel's IPVS_CMD_* up to 17, from 32 on those that take more than one message
 * (native/codec/record.h).
 */
export const Operation = {
  newService: 1,
  setService: 2,
  delService: 3,
  getService: 4,
  newDest: 5,
  setDest: 6,
  delDest: 7,
  getDest: 8,
  newDaemon: 9,
  delDaemon: 10,
  getDaemon: 11,
  setConfig: 12,
  getConfig: 13,
  getInfo: 15,
  zero: 16,
  flush: 17,
  listServices: 32,
  snapshot: 33,
  updateService: 34,
  updateDest: 35,
  readFile: 36,
  readDirectory: 37,
  writeDirectory: 38,
  openFile: 39,
  chooseService: 40,
  sample: 41,
  dropSampler: 42,
  readCookie: 43,
} as const;
export type Operation = (typeof Operation)[keyof typeof Operation];

/** How a call ended when neither well nor with an errno (native/codec/record.h). */
export const Status = {
  ok: 0,
  /** Taken out of the queue before it was sent, or a read that was given up. */
  cancelled: -1,
  /** Sent; the answer was lost. */
  outcomeUnknown: -2,
  /** The table changed faster than it could be read. */
  unstable: -3,
  /** The kernel has no IPVS. */
  noFamily: -4,
  /** Not the end: a part of what is read, and more will come. */
  part: -5,
  /** This, minus the errno: the network namespace could not be entered. */
  namespaceFailed: -6,
  /**
   * This, minus the errno: a system call of this process failed, for its socket, thread or file. Nothing was
   * executed.
   */
  localFailure: -1000,
} as const;

const serviceSizes = {
  family: WORD,
  protocol: WORD,
  fwmark: WORD,
  port: WORD,
  address: ADDRESS_BYTES,
  flags: WORD,
  flagsMask: WORD,
  timeout: WORD,
  netmask: WORD,
  scheduler: NAME_BYTES,
  engine: NAME_BYTES,
};
const destinationSizes = {
  family: WORD,
  port: WORD,
  address: ADDRESS_BYTES,
  forwarding: WORD,
  weight: WORD,
  upperThreshold: WORD,
  lowerThreshold: WORD,
  tunnelType: WORD,
  tunnelPort: WORD,
  tunnelFlags: WORD,
};
const daemonSizes = {
  role: WORD,
  syncId: WORD,
  maxLength: WORD,
  groupFamily: WORD,
  port: WORD,
  ttl: WORD,
  group: ADDRESS_BYTES,
  interface: NAME_BYTES,
};
const timeoutsSizes = { tcp: WORD, tcpFin: WORD, udp: WORD };

const head = struct({ operation: WORD, argument: WORD });
const service = struct(serviceSizes, head.bytes);
/** Where the struct begins that depends on the operation: a destination, a daemon, or timeouts. */
const subject = head.bytes + service.bytes;
const destination = struct(destinationSizes, subject);
const daemon = struct(daemonSizes, subject);
const timeouts = struct(timeoutsSizes, subject);

/**
 * Byte offsets in a CallRecord (native/codec/record.h): what one call carries to the native thread. All
 * numbers are 32-bit words in host order; the codec knows the kernel's widths and byte orders.
 */
export const Layout = {
  operation: head.operation,
  // One word of four meanings, by operation: the fields that an update names; how many calls go out in one
  // send with a new service; what a zeroing or a snapshot extends to; a sampler's number and SamplePart.
  fields: head.argument,
  run: head.argument,
  extent: head.argument,
  sampler: head.argument,
  service,
  destination,
  daemon,
  timeouts,
  bytes: subject + Math.max(destination.bytes, daemon.bytes, timeouts.bytes),
} as const;

/** The records that replies carry. */
export const DaemonReply = struct(daemonSizes);
export const TimeoutsReply = struct(timeoutsSizes);
/** InfoRow (native/codec/rows.h). */
export const InfoReply = struct({ version: WORD, connectionTableSize: WORD });

/** Bits of a record's `fields`: what an update of a service replaces. Its flags have a mask of their own. */
export const ServiceField = { scheduler: 1, timeout: 2, netmask: 4, engine: 8 } as const;

/** Bits of a record's `fields`: what an update of a destination replaces. */
export const DestinationField = {
  forwarding: 1,
  weight: 2,
  upperThreshold: 4,
  lowerThreshold: 8,
  tunnel: 16,
  all: 31,
} as const;

/** A zeroing's `extent`: 0, or this: one service alone. */
export const ONE_SERVICE = 1;

/** A snapshot's `extent`: 0, or this: not in parts. */
export const IN_ONE_PIECE = 1;

/** The ten counters of a row: IPVS_STATS_ATTR_CONNS to _OUTBPS. */
export const COUNTERS = 10;

/** An address, and two numbers of 16 bits: what a sample's destination is known by. */
export const IDENTITY_BYTES = 20;

/** The 32-bit columns of a service, in their order. Scheduler and engine index the table's names. */
export const ServiceColumn = {
  family: 0,
  protocol: 1,
  fwmark: 2,
  port: 3,
  flags: 4,
  timeout: 5,
  netmask: 6,
  scheduler: 7,
  engine: 8,
  count: 9,
} as const;

/** The 32-bit columns of a destination, in their order. `service` is a row. */
export const DestinationColumn = {
  service: 0,
  family: 1,
  port: 2,
  forwarding: 3,
  weight: 4,
  upperThreshold: 5,
  lowerThreshold: 6,
  activeConnections: 7,
  inactiveConnections: 8,
  persistentConnections: 9,
  tunnelType: 10,
  tunnelPort: 11,
  tunnelFlags: 12,
  count: 13,
} as const;

/**
 * Bits of a sample's `sampler`: what of it is wanted (native/table/sample_columns.h). The sampler's number
 * stands above them.
 */
export const SamplePart = {
  counters: 1,
  deltas: 2,
  rates: 4,
  destinations: 8,
  keys: 16,
  reuse: 32,
  chosen: 64,
} as const;

/** Where a sampler's number stands in a record's `sampler`. */
export const SAMPLER_SHIFT = 8;

/** The 64-bit columns of each part of a sample: all counters of a row but the kernel's own rates. */
export const SAMPLE_COUNTERS = 5;

/** The 32-bit columns of a sample's destinations, in their order. `service` is a row. */
export const SampleWord = {
  service: 0,
  activeConnections: 1,
  inactiveConnections: 2,
  persistentConnections: 3,
  weight: 4,
  count: 5,
} as const;

/** What a listing shows of a row (native/cli/listing.h). */
export const Show = {
  usual: 0,
  stats: 1,
  rate: 2,
  thresholds: 3,
  persistentConnections: 4,
  tunnels: 5,
} as const;

/** An endpoint within a line of rules (native/cli/line_shapes.h). */
export const LineEndpoint = struct({
  start: WORD,
  end: WORD,
  family: WORD,
  port: WORD,
  address: ADDRESS_BYTES,
});

/** The most endpoints that a line with a shape has: the service's and the destination's. */
export const LINE_ENDPOINTS = 2;

/** A line of rules, by its place in the text and its endpoints. */
export const Line = struct({
  start: WORD,
  end: WORD,
  shape: WORD,
  endpointCount: WORD,
  endpoints: LINE_ENDPOINTS * LineEndpoint.bytes,
});

/** Lines that differ in their endpoints alone. */
export const LineShape = struct({ first: WORD, count: WORD });

/** The record of a shape, and which endpoints go into it. */
export const LineTemplate = struct({
  record: Layout.bytes,
  service: WORD,
  servicePort: WORD,
  destination: WORD,
  destinationPort: WORD,
});

/** In place of a shape, of a template or of an endpoint: none. */
export const NO_SHAPE = 0xffff_ffff;
