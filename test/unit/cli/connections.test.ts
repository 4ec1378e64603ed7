import { expect, test } from 'vitest';
import { printConnections } from '../../../lib/cli/execute/connections.ts';
import type { Connection, Ipvs } from '../../../lib/index.ts';

const end = { address: '10.0.0.1', port: 80 };
const entry: Connection = {
  protocol: 'tcp',
  client: { address: '10.1.0.1', port: 40_000 },
  virtual: end,
  destination: { ...end, address: '10.0.0.2' },
  state: 'ESTABLISHED',
  expires: 899,
  template: false,
};

/** What is printed of a table that `read` yields. */
async function print(read: () => AsyncGenerator<Connection>, numeric: boolean): Promise<string> {
  const texts: string[] = [];
  const shell = { print: (text: string | Uint8Array) => void texts.push(String(text)), complain: () => {} };
  const ipvs = { connections: read } as Partial<Ipvs> as Ipvs;
  await printConnections(ipvs, numeric, false, { ...shell, read: async () => '' }).catch(() => {});
  return texts.join('');
}

const head =
  'IPVS connection entries\npro expire state       source             virtual            destination\n';

test('a connection table has its heading, and a line for each entry', async () => {
  const read = async function* () {
    yield entry;
  };
  expect(await print(read, true)).toBe(
    `${head}TCP 14:59  ESTABLISHED 10.1.0.1:40000     10.0.0.1:80        10.0.0.2:80\n`,
  );
});

test.each([true, false])(
  'a connection table that can’t be read is not begun to be printed (numeric: %j)',
  async numeric => {
    // biome-ignore lint/correctness/useYield: a table that never gets so far
    const read = async function* () {
      throw new Error('this kernel has no IPVS');
    };
    expect(await print(read, numeric)).toBe('');
  },
);
