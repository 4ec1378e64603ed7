import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// What a process is told that is kept from netlink sockets: by a seccomp filter, which gives the socket's
// errno as containers' and service managers' filters do, and as kernels without generic netlink answer.

const checkout = join(import.meta.dirname, '../../..');
const program = `
  import { Ipvs } from './lib/index.ts';
  const ipvs = new Ipvs();
  const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 };
  const calls = { services: () => ipvs.services(), addService: () => ipvs.addService(web), sampler: () => ipvs.sampler().read() };
  const told = {};
  for (const [name, call] of Object.entries(calls))
    told[name] = await call().then(() => 'resolved', ({ code, errno, message }) => ({ code, errno, message }));
  await ipvs.close();
  console.log(JSON.stringify(told));
`;

type Told = Readonly<
  Record<string, { readonly code: string; readonly errno: number; readonly message: string }>
>;

function underFilter(errno: string): Told {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program];
  const output = execFileSync('python3', ['test/support/seccomp.py', errno, ...node], {
    cwd: checkout,
    encoding: 'utf8',
  });
  return JSON.parse(output) as Told;
}

test.each([
  [
    'EPERM',
    'ERR_IPVS_PERMISSION',
    /may not use netlink sockets; let its seccomp filter .*allow them \(EPERM\)$/,
  ],
  [
    'EACCES',
    'ERR_IPVS_PERMISSION',
    /may not use netlink sockets; let its seccomp filter .*allow them \(EACCES\)$/,
  ],
  ['ENOSYS', 'ERR_IPVS_NETLINK', /kept from netlink sockets; .*seccomp filter.* \(ENOSYS\)$/],
  [
    'EAFNOSUPPORT',
    'ERR_IPVS_NETLINK',
    /kept from netlink sockets; .*RestrictAddressFamilies= .* \(EAFNOSUPPORT\)$/,
  ],
  [
    'EPROTONOSUPPORT',
    'ERR_IPVS_NOT_AVAILABLE',
    /no generic netlink, and so no IPVS.*gVisor.*; .* \(EPROTONOSUPPORT\)$/,
  ],
] as const)('a sandbox that answers %s to netlink sockets is told by %s', (errno, code, sentence) => {
  const told = underFilter(errno);
  expect(Object.keys(told)).toEqual(['services', 'addService', 'sampler']);
  for (const { code: given, message } of Object.values(told)) {
    expect(given).toBe(code);
    expect(message).toMatch(sentence);
    expect(message).not.toContain('\n');
  }
});
