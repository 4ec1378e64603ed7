import type { Operation } from './layout.ts';

/** What the addon exports (native/node/addon.cc, native/node/client.h). */
export interface Native {
  /** Throws an error with `errno` when the namespace's descriptor cannot be copied. */
  readonly Client: new (
    namespace: string | number | undefined,
    deliver: Deliver,
  ) => NativeClient;
  /** Sockets that are connected by the way that is asked for (native/node/dialer_object.h). */
  createDialer(deliver: DeliverSocket): NativeDialer;
  /**
   * The lines of a text and their shapes (native/cli/line_shapes.h).
   */
  shapeLines(text: string): { readonly lines: Uint32Array; readonly shapes: Uint32Array };
  /**
   * The records of lines that have a template, the numbers of those lines, counted from 1, and the numbers of
   * the others. `templateOf` has a template's index for each shape, or NO_SHAPE.
   */
  fillTemplates(
    lines: Uint32Array,
    templateOf: Uint32Array,
    templates: Uint8Array,
  ): { readonly records: Uint8Array; readonly lines: Uint32Array; readonly rest: Uint32Array };
  /** What ipvsadm's `-L` prints of a table with its names (native/cli/listing.h). UTF-8. */
  formatTable(
    services: NativeBlock,
    destinations: NativeBlock,
    names: readonly string[],
    options: NativeListingOptions,
    texts: NativeListingTexts,
  ): Uint8Array;
  /** What ipvs-quick reads in a command line (native/cli/usual_command.h); for tests. */
  usualCommand(words: readonly string[]): { readonly kind: number; readonly call: Uint8Array } | undefined;
  /** The records that ipvs-quick makes of a rules file, where it does (native/cli/usual_rules.h); for tests. */
  usualRules(text: string): { readonly records: Uint8Array; readonly lines: Uint32Array } | undefined;
  /** What ipvs-quick prints of a table, where it does; for tests. `kind` is UsualCommand::Kind. */
  usualText(
    kind: number,
    services: NativeBlock,
    destinations: NativeBlock,
    names: readonly string[],
  ): string | undefined;
  /** What lib/addon/layout.ts exports, as the addon was compiled; for tests. */
  layout(): Readonly<Record<string, number | object>>;
  /** What lib/model/constants.ts has of the kernel, as the addon was compiled; for tests. */
  kernelConstants(): Readonly<Record<string, number | object>>;
}

/**
 * Called with replies in the order of the calls: a status each (0, an errno, or one of `Status`), and what
 * came with it. `payloads` is undefined when no reply has any. Parts of a reply (`Status.part`) come before
 * it.
 */
export type Deliver = (statuses: Int32Array, payloads: readonly Payload[] | undefined) => void;

/**
 * Called once for each number that was dialled and not cancelled. `errno` is 0, and `take()` returns the socket;
 * or `step` is what failed. Several are delivered in a row, and one that is cancelled by then comes all the
 * same.
 */
export type DeliverSocket = (number: number, step: NativeDialStep, errno: number) => void;

/** What of a dial can fail. */
export type NativeDialStep = 'netns' | 'thread' | 'socket' | 'mark' | 'device' | 'source' | 'connect';

/** Connects sockets, on a thread of its own. It keeps the event loop running while something is under way. */
export interface NativeDialer {
  /**
   * Begins. A mark of 0, and an empty device or source, is none. Returns 0, or the errno for which nothing
   * was begun.
   */
  dial(
    number: number,
    address: string,
    port: number,
    stream: boolean,
    mark: number,
    device: string,
    source: string,
    namespace: string | number | undefined,
  ): number;
  /**
   * The descriptor of the socket that is delivered at this moment: the caller's, who adopts it before
   * anything else. One that is not taken is closed.
   */
  take(): number;
  /** It is not delivered any more, and its socket closed. Does nothing for one that was delivered. */
  cancel(number: number): void;
}

/**
 * What comes with the good answer to each operation: a table, the bytes of records or of a file, or nothing.
 */
export interface Payloads {
  [Operation.newService]: undefined;
  [Operation.setService]: undefined;
  [Operation.delService]: undefined;
  [Operation.getService]: NativeTable;
  [Operation.newDest]: undefined;
  [Operation.setDest]: undefined;
  [Operation.delDest]: undefined;
  [Operation.getDest]: NativeTable;
  [Operation.newDaemon]: undefined;
  [Operation.delDaemon]: undefined;
  /** The daemons that run; undefined when none does. */
  [Operation.getDaemon]: ArrayBuffer | undefined;
  [Operation.setConfig]: undefined;
  [Operation.getConfig]: ArrayBuffer;
  [Operation.getInfo]: ArrayBuffer;
  [Operation.zero]: undefined;
  [Operation.flush]: undefined;
  [Operation.listServices]: NativeTable;
  [Operation.snapshot]: NativeTable;
  [Operation.updateService]: undefined;
  [Operation.updateDest]: undefined;
  /** What the file holds; undefined when that is nothing. */
  [Operation.readFile]: ArrayBuffer | undefined;
  /** `name NUL content NUL` of each file; undefined when there is none. */
  [Operation.readDirectory]: ArrayBuffer | undefined;
  /** The file that could not be written, when it fails. */
  [Operation.writeDirectory]: ArrayBuffer | undefined;
  /** A descriptor, open until `deliver` returns. */
  [Operation.openFile]: number;
  [Operation.chooseService]: undefined;
  [Operation.sample]: NativeSample;
  [Operation.dropSampler]: undefined;
  /** In decimal. */
  [Operation.readCookie]: ArrayBuffer;
}

export type Payload = Payloads[Operation];

/** One client's thread and queue. Calls are numbered from 0 in the order of `submit`, `sample` and `file`. */
export interface NativeClient {
  /**
   * Queues `count` records. Returns 0, or the status that says why no thread could be started; then nothing
   * is queued.
   */
  submit(records: Uint8Array, count: number): number;
  /**
   * Executes the record at once, on this thread, if it is a write that the kernel is quick at,
   * the client is idle and such calls have been quick of late. Returns its status; undefined: it was not
   * executed, submit it.
   */
  inline(record: ArrayBuffer): number | undefined;
  /**
   * Queues a sample. Buffers of an earlier one, if given, are written over as long as they have room. Returns
   * what `submit` does.
   */
  sample(
    record: Uint8Array,
    services: ArrayBuffer | undefined,
    destinations: ArrayBuffer | undefined,
  ): number;
  /** Queues a call on a file, opened in the client's network namespace. Returns what `submit` does. */
  file(operation: number, path: string, content: string): number;
  /** Returns true unless the call was begun already; its answer is then `Status.cancelled`, in its turn. */
  cancel(number: number): boolean;
  /** Drops the queue and ends the thread after what it is doing. Nothing is delivered any more. */
  stop(): void;
}

/** A list in columns, one block of memory (native/table/columns.h). */
export interface NativeBlock {
  readonly rows: number;
  readonly buffer: ArrayBuffer;
}

export interface NativeTable {
  /** What scheduler and engine columns index. */
  readonly names: readonly string[];
  readonly services: NativeBlock;
  readonly destinations: NativeBlock;
}

/** How a table is listed. */
export interface NativeListingOptions {
  /** One of `Show`. */
  readonly show: number;
  readonly exact: boolean;
  readonly sort: boolean;
}

/** A text for each row, where it is not made of columns alone (native/cli/listing.h). */
export interface NativeListingTexts {
  readonly serviceNames: readonly string[];
  readonly destinationNames: readonly string[];
  readonly tunnels: readonly string[];
}

/** A list's statistics in columns. Without a buffer: they were written over those of the sample before. */
export interface NativeSampleBlock {
  readonly rows: number;
  /** The rows that a column has room for: where the next one starts. */
  readonly room: number;
  readonly buffer: ArrayBuffer | undefined;
}

/** The identities of a sample's rows: services as in a table, and destinations of `IDENTITY_BYTES` each. */
export interface NativeKeys extends Omit<NativeTable, 'destinations'> {
  /** An address, and in this machine's order two numbers of 16 bits, family and port. */
  readonly destinations: NativeBlock;
}

/** Statistics in columns (native/table/sampler.h). */
export interface NativeSample {
  readonly generation: number;
  readonly services: NativeSampleBlock;
  readonly destinations: NativeSampleBlock;
  /** The rows' identities, with a new generation or when asked for. */
  readonly keys: NativeKeys | undefined;
}
