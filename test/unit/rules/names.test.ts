import dns from 'node:dns/promises';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseRules, resolveNames } from '../../../lib/index.ts';
import { namingFor, withNames } from '../../../lib/rules/names.ts';

const services = `# comment
http 80/tcp www # WorldWideWeb
web 80/tcp
http 8080/udp
domain 53/tcp
domain 53/udp

broken
`;

beforeEach(() => {
  vi.spyOn(fs, 'readFile').mockResolvedValue(services);
  vi.spyOn(dns, 'lookup').mockImplementation((async (name: string) => {
    if (name === 'nowhere') throw new Error('ENOTFOUND');
    return { address: '10.0.0.7', family: 4 };
  }) as unknown as typeof dns.lookup);
  vi.spyOn(dns, 'lookupService').mockImplementation(async address => {
    if (address === '10.0.0.8') throw new Error('ENOTFOUND');
    return { hostname: 'seven', service: '' };
  });
  syncBuiltinESMExports();
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

test('resolveNames() finds hosts, and ports by their protocol and any of their names', async () => {
  const text = '-A -t server:www -s rr\n-A -u server:http -s rr\n';
  const names = await resolveNames(text);
  expect(parseRules(text, { names })).toMatchObject([
    { protocol: 'tcp', address: '10.0.0.7', port: 80 },
    { protocol: 'udp', address: '10.0.0.7', port: 8080 },
  ]);
  expect(dns.lookup).toHaveBeenCalledExactlyOnceWith('server', { family: 4 });
  expect([names.port('web', 'tcp'), names.port('broken', 'tcp'), names.host('other')]).toEqual([
    80,
    undefined,
    undefined,
  ]);
});

test('ports are read from lines with blanks of any kind around their words, without their comments', async () => {
  vi.spyOn(fs, 'readFile').mockResolvedValue(
    ' \tftp \t 21/tcp\t\tfsp  # control\n#old 22/tcp\nssh\t22/tcp#shell\n',
  );
  syncBuiltinESMExports();
  const names = await resolveNames('-A -t 10.0.0.1:ftp -s rr\n');
  expect(
    ['ftp', 'fsp', 'ssh', '', 'control', '#', 'old', '#old', 'shell'].map(name => names.port(name, 'tcp')),
  ).toEqual([21, 21, 22, ...Array.from({ length: 6 })]);
});

test('a name that nobody knows is left out, and so are all ports where there is no /etc/services', async () => {
  vi.spyOn(fs, 'readFile').mockRejectedValue(new Error('ENOENT'));
  syncBuiltinESMExports();
  const names = await resolveNames('-A -t nowhere:http -s rr\n');
  expect([names.host('nowhere'), names.port('http', 'tcp')]).toEqual([undefined, undefined]);
});

test('rules without names ask nobody, and are read once', async () => {
  const read = vi.fn(() => 'read');
  expect(await withNames(read)).toBe('read');
  expect(read).toHaveBeenCalledOnce();
  const names = await resolveNames('-A -t 10.0.0.1:80 -s rr\n');
  expect([names.host('server'), names.port('http', 'tcp')]).toEqual([undefined, undefined]);
  expect(dns.lookup).not.toHaveBeenCalled();
  expect(fs.readFile).not.toHaveBeenCalled();
});

test('what has a name in it, be it a port’s alone, is read again by the names that were found', async () => {
  const ports = await withNames(names => names.port('domain', 'udp'));
  const hosts = await withNames(names => names.host('server'));
  expect([ports, hosts]).toEqual([53, '10.0.0.7']);
});

test('addresses and ports have the first name that they are known by', async () => {
  const names = await namingFor(['10.0.0.7', '10.0.0.8']);
  expect(['10.0.0.7', '10.0.0.8', '10.0.0.9'].map(names.host)).toEqual(['seven', undefined, undefined]);
  expect([names.port(80, 'tcp'), names.port(80, 'udp'), names.port(53, 'udp')]).toEqual([
    'http',
    undefined,
    'domain',
  ]);
  expect(dns.lookupService).toHaveBeenCalledTimes(2);
});
