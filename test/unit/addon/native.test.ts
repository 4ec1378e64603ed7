import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  ADDRESS_BYTES,
  COUNTERS,
  Layout,
  Line,
  LineTemplate,
  ServiceColumn,
} from '../../../lib/addon/layout.ts';
import { native } from '../../../lib/addon/load.ts';

/** Wrong uses of the addon, which whoever gets hold of it can try. None may crash the process. */
describe('abuse of the addon', () => {
  const { Client } = native();
  const ignore = () => {};

  test('the addon’s constructor throws a TypeError at wrong arguments', () => {
    for (const args of [[], [undefined], [undefined, 1], [{}, ignore], [true, ignore], [-1, ignore]]) {
      expect(() => new (Client as unknown as new (...args: readonly unknown[]) => unknown)(...args)).toThrow(
        TypeError,
      );
    }
  });

  test('the addon’s methods throw a TypeError at wrong arguments', () => {
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
    for (const args of [[], [1], [new Uint8Array(Layout.bytes)], [new ArrayBuffer(Layout.bytes - 1)]]) {
      expect(() => client['inline']!(...args)).toThrow(TypeError);
    }
    expect(() => client['file']!(36)).toThrow(TypeError);
    expect(() => client['cancel']!('x')).toThrow(TypeError);
    client['stop']!();
    client['stop']!();
    expect(() => client['submit']!(new Uint8Array(Layout.bytes), 1)).toThrow(TypeError);
  });

  test('the addon’s methods refuse receivers that are no client', () => {
    const { submit, stop } = Client.prototype;
    const foreign = [undefined, null, 1, {}, [], new Uint8Array(8), Client.prototype, new Proxy({}, {})];
    for (const receiver of foreign) {
      expect(() => submit.call(receiver as never, new Uint8Array(Layout.bytes), 1)).toThrow(
        'Illegal invocation',
      );
      expect(() => stop.call(receiver as never)).toThrow('Illegal invocation');
    }
  });

  test('a client’s inline() that outlives the client executes nothing', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const inlines = Array.from({ length: 20 }, () => new Client(undefined, ignore).inline);
    const gone = new FinalizationRegistry(() => collected++);
    let collected = 0;
    for (let i = 0; i < 20; i++) gone.register(new Client(undefined, ignore), i);
    for (let turn = 0; turn < 50 && collected < 10; turn++) {
      collect();
      await nextTurn();
    }
    expect(collected).toBeGreaterThan(0);
    for (const inline of inlines) expect(inline(new ArrayBuffer(Layout.bytes))).toBeUndefined();
  });

  test('the addon’s line functions refuse wrong types, absent shapes and lines that are cut off', () => {
    const { shapeLines, fillTemplates } = native();
    const [none, words] = [new Uint8Array(0), new Uint32Array(Line.bytes / 4)];
    expect(shapeLines(7 as never)).toBeUndefined();
    expect(shapeLines('')).toEqual({ lines: new Uint32Array(), shapes: new Uint32Array() });
    expect(fillTemplates(words, words, 'x' as never)).toBeUndefined();
    // Shapes and templates that are not there, and a line that is cut off.
    expect(fillTemplates(words, new Uint32Array([5]), none).rest).toEqual(new Uint32Array([1]));
    expect(fillTemplates(words, new Uint32Array(), none).rest).toEqual(new Uint32Array([1]));
    expect(fillTemplates(words.subarray(1), words, none).rest).toEqual(new Uint32Array());
    const template = new Uint8Array(LineTemplate.bytes).fill(0x7f);
    expect(fillTemplates(words, new Uint32Array([0]), template).lines).toEqual(new Uint32Array([1]));
  });

  test('the addon’s texts of a table are none where its names lack those that its services have', () => {
    const services = {
      rows: 1,
      buffer: new ArrayBuffer(COUNTERS * 8 + ServiceColumn.count * 4 + ADDRESS_BYTES),
    };
    const words = new Uint32Array(services.buffer, COUNTERS * 8, ServiceColumn.count);
    for (const [column, value] of Object.entries({
      family: 2,
      protocol: 6,
      port: 80,
      netmask: 0xffff_ffff,
    })) {
      words[ServiceColumn[column as keyof typeof ServiceColumn]] = value;
    }
    new Uint8Array(services.buffer, services.buffer.byteLength - ADDRESS_BYTES).set([192, 0, 2, 1]);
    words[ServiceColumn.engine] = 1;
    const none = { rows: 0, buffer: new ArrayBuffer(0) };
    const { usualText } = native();
    for (const kind of [3, 4]) {
      expect(usualText(kind, services, none, ['rr', ''])).toContain('192.0.2.1:80');
      expect(usualText(kind, services, none, ['rr'])).toBeUndefined();
      expect(usualText(kind, services, none, [])).toBeUndefined();
    }
  });
});
