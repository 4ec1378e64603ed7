import { describe, expect, test } from 'vitest';
import { DestinationColumn, ServiceColumn } from '../../../lib/addon/columns.ts';
import { native } from '../../../lib/addon/load.ts';
import { Layout } from '../../../lib/addon/record.ts';
import { LineLayout } from '../../../lib/cli/restore/shapes.ts';

const { layout } = native();

test('TypeScript’s picture of a record is the addon’s', () => {
  expect(layout).toEqual({
    callBytes: Layout.bytes,
    service: Layout.service.family,
    serviceAddress: Layout.service.address,
    serviceFlags: Layout.service.flags,
    scheduler: Layout.service.scheduler,
    engine: Layout.service.engine,
    destination: Layout.destination.family,
    destinationAddress: Layout.destination.address,
    forwarding: Layout.destination.forwarding,
    daemonBytes: Layout.daemon.bytes,
    daemonGroup: Layout.daemon.group - Layout.daemon.role,
    daemonInterface: Layout.daemon.interface - Layout.daemon.role,
    lineBytes: LineLayout.words * 4,
    lineShape: LineLayout.shape * 4,
    lineEndpointCount: LineLayout.endpointCount * 4,
    lineEndpoints: LineLayout.endpoints * 4,
    lineEndpointBytes: LineLayout.endpointWords * 4,
    lineEndpointFamily: LineLayout.endpointFamily * 4,
    shapeBytes: LineLayout.shapeWords * 4,
    templateBytes: LineLayout.templateBytes,
    templateSources: Layout.bytes,
    counters: 10,
    serviceWords: ServiceColumn.count,
    destinationWords: DestinationColumn.count,
  });
});

/** The addon as somebody would use it who got hold of it: it must never crash. */
describe('abuse of the addon', () => {
  const { Client } = native();
  const ignore = () => {};

  test('wrong constructor arguments', () => {
    for (const args of [[], [undefined], [undefined, 1], [{}, ignore], [true, ignore], [-1, ignore]]) {
      expect(() => new (Client as unknown as new (...args: readonly unknown[]) => unknown)(...args)).toThrow(
        TypeError,
      );
    }
  });

  test('wrong method arguments', () => {
    const client = new Client(undefined, ignore) as unknown as Record<
      string,
      (...args: readonly unknown[]) => unknown
    >;
    for (const args of [
      [],
      [1],
      [new Uint8Array(10), 1],
      [new Uint8Array(Layout.bytes), 2],
      [[], 0],
      ['x', 'y'],
    ]) {
      expect(() => client['submit']!(...args)).toThrow(TypeError);
    }
    expect(() => client['file']!(36)).toThrow(TypeError);
    expect(() => client['cancel']!('x')).toThrow(TypeError);
    client['stop']!();
    client['stop']!();
    expect(() => client['submit']!(new Uint8Array(Layout.bytes), 1)).toThrow(TypeError);
  });

  test('methods on other receivers', () => {
    const { submit, stop } = Client.prototype;
    const foreign = [undefined, null, 1, {}, [], new Uint8Array(8), Client.prototype, new Proxy({}, {})];
    for (const receiver of foreign) {
      expect(() => submit.call(receiver as never, new Uint8Array(Layout.bytes), 1)).toThrow(
        'Illegal invocation',
      );
      expect(() => stop.call(receiver as never)).toThrow('Illegal invocation');
    }
  });

  test('lines and templates', () => {
    const { shapeLines, fillTemplates } = native();
    const [none, words] = [new Uint8Array(0), new Uint32Array(LineLayout.words)];
    expect(shapeLines(7 as never)).toBeUndefined();
    expect(shapeLines('')).toEqual({ lines: new Uint32Array(), shapes: new Uint32Array() });
    expect(fillTemplates(words, words, 'x' as never)).toBeUndefined();
    // Shapes and templates that are not there, and a line that is cut off.
    expect(fillTemplates(words, new Uint32Array([5]), none).rest).toEqual(new Uint32Array([1]));
    expect(fillTemplates(words, new Uint32Array(), none).rest).toEqual(new Uint32Array([1]));
    expect(fillTemplates(words.subarray(1), words, none).rest).toEqual(new Uint32Array());
    const template = new Uint8Array(LineLayout.templateBytes).fill(0x7f);
    expect(fillTemplates(words, new Uint32Array([0]), template).lines).toEqual(new Uint32Array([1]));
  });
});
