import { putServiceId } from '../addon/identity.ts';
import { Layout, Operation, SAMPLER_SHIFT, SamplePart } from '../addon/layout.ts';
import type { NativeSample } from '../addon/native.ts';
import { putWord } from '../addon/record.ts';
import type { Calls } from '../calls/calls.ts';
import type { CallOptions } from '../calls/options.ts';
import { IpvsError } from '../model/errors.ts';
import { copyServiceId, type ServiceId } from '../model/identity.ts';
import type { Sample, SampleColumn } from './sample.ts';
import { type Rows, rowsOf, viewSample } from './sample-views.ts';
import { checkSamplerOptions, type SamplerOptions } from './sampler-options.ts';

/** Reads statistics again and again, at the least cost. */
export interface Sampler<C extends SampleColumn = never> extends Disposable {
  /**
   * One read. Rejects with ERR_IPVS_BUSY while another one of this sampler is under way.
   *
   * @example
   * ```ts
   * using sampler = ipvs.sampler();
   * await sampler.read();
   * const { destinations } = await sampler.read();
   * for (const [row, { address }] of destinations.ids.entries()) {
   *   console.log(address, destinations.activeConnections[row], destinations.deltas.connections[row]);
   * }
   * ```
   */
  read(options?: CallOptions): Promise<Sample<C>>;
  /**
   * Lets the native side forget the rows. Reads after it reject with ERR_IPVS_CLOSED.
   *
   * @example
   * ```ts
   * const sampler = ipvs.sampler();
   * await sampler.read();
   * sampler.close(); // `using sampler = …` does so by itself
   * ```
   */
  close(): void;
}

/** Makes the native side forget the rows of a sampler: by and by, where its thread is busy. */
export function dropSampler(calls: Calls, number: number): void {
  calls
    .run({
      operation: Operation.dropSampler,
      context: { command: 'GET_DEST' },
      encode: slot => putWord(slot, Layout.sampler, number << SAMPLER_SHIFT),
      decode: () => undefined,
    })
    .catch(() => {}); // given up it is done all the same, and a closed client has forgotten it
}

/**
 * Makes a sampler; throws at bad options. `number` tells a client's samplers apart; `closing` is called when
 * it is closed.
 */
export function createSampler(
  calls: Calls,
  number: number,
  options: SamplerOptions,
  closing: () => void,
): Sampler {
  const parts = checkSamplerOptions(options);
  const { reuse } = options;

  const context = { command: 'GET_DEST' } as const;
  const base = number << SAMPLER_SHIFT;
  let reading = false;
  let closed = false;
  let rows: Rows | undefined;
  let last:
    | {
        readonly services: ArrayBuffer;
        readonly destinations: ArrayBuffer;
        readonly views: Pick<Sample, 'services' | 'destinations'>;
      }
    | undefined;

  // Those of the chosen services that the native side was not told of yet.
  const unnamed = [...(options.services ?? [])];

  /**
   * Chooses a service, ahead of the read that is to have it. If the call never left, it is made again for the
   * next read.
   */
  async function choose(service: ServiceId, callOptions: CallOptions | undefined): Promise<void> {
    try {
      await calls.run(
        {
          operation: Operation.chooseService,
          context: { command: 'GET_SERVICE', service: copyServiceId(service) },
          encode(slot) {
            putServiceId(slot, service);
            putWord(slot, Layout.sampler, base);
          },
          decode: () => undefined,
        },
        callOptions,
      );
    } catch (error) {
      if (!(error instanceof IpvsError && error.sent === true)) unnamed.push(service);
      throw error;
    }
  }

  function decode({ generation, keys, services, destinations }: NativeSample): Sample {
    if (keys !== undefined) rows = rowsOf(keys);
    const same = keys === undefined && services.buffer === undefined && destinations.buffer === undefined;
    if (!same || last === undefined) {
      const memory = {
        services: { ...services, buffer: services.buffer ?? last!.services },
        destinations: { ...destinations, buffer: destinations.buffer ?? last!.destinations },
      };
      last = {
        services: memory.services.buffer,
        destinations: memory.destinations.buffer,
        views: viewSample(rows!, memory.services, memory.destinations, parts),
      };
    }
    const { views } = last;
    if (!reuse) last = undefined;
    return { time: Date.now(), generation, ...views };
  }

  return {
    async read(callOptions) {
      if (closed) throw new IpvsError('ERR_IPVS_CLOSED', 'this sampler is closed');
      if (reading)
        throw new IpvsError('ERR_IPVS_BUSY', 'this sampler is reading already; await that, or make another');
      reading = true;
      try {
        const choices = unnamed.splice(0).map(service => choose(service, callOptions));
        const sample = calls.sample(
          {
            operation: Operation.sample,
            context,
            encode(slot) {
              putWord(slot, Layout.sampler, base | parts | (rows === undefined ? SamplePart.keys : 0));
            },
            decode,
          },
          last?.services,
          last?.destinations,
          callOptions,
        );
        if (choices.length > 0) {
          await Promise.allSettled([sample, ...choices]);
          await Promise.all(choices); // a service that can't be one says so
        }
        return await sample;
      } catch (error) {
        rows = undefined; // keys may have come with a reply that nobody waited for
        throw error;
      } finally {
        reading = false;
        if (closed) letGo();
      }
    },
    close,
    [Symbol.dispose]: close,
  };

  function close(): void {
    if (closed) return;
    closed = true;
    closing();
    dropSampler(calls, number);
    if (!reading) letGo();
  }

  /** What the caller's own samples do not hold goes with the sampler, even where that is still held. */
  function letGo(): void {
    rows = undefined;
    last = undefined;
  }
}
