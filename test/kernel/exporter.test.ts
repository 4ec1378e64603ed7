import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { beforeAll, expect, test } from 'vitest';
import { valuesOf } from '../support/exposition.ts';
import { useBed } from './support.ts';

const bed = useBed();
const web = { protocol: 'tcp', address: '127.0.0.1', port: 8080 } as const;

beforeAll(async () => {
  await bed.ipvs.addService({ ...web, scheduler: 'rr' });
  await bed.ipvs.addDestination(web, {
    address: '127.0.0.1',
    port: 8081,
    forwarding: 'masquerade',
    weight: 3,
  });
});

test('the exporter needs CAP_NET_ADMIN and nothing else, answers scrapes, and ends by SIGTERM without an error', async () => {
  const capability = [
    '--inh-caps=-all,+net_admin',
    '--ambient-caps=-all,+net_admin',
    '--bounding-set=-all,+net_admin',
  ];
  const unprivileged = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...capability];
  const child = spawn(
    'ip',
    [
      'netns',
      'exec',
      bed.netns,
      ...unprivileged,
      'dist/ipvs',
      'exporter',
      '--listen',
      '127.0.0.1:0',
      '--level',
      'services',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaints = '';
  child.stderr.on('data', chunk => {
    complaints += chunk;
  });
  const ended = once(child, 'exit');
  const [printed] = await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => [`ended: ${complaints}`]),
  ]);
  expect(String(printed)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics\n$/);
  const values = valuesOf(bed.run('curl', '-sSf', String(printed).trim()));
  expect(values.get('ipvs_services')).toBe(1);
  expect([...values.keys()].filter(name => name.startsWith('ipvs_destination_'))).toEqual([]);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(complaints).toBe('');
});

test('the exporter tells of a wrong option by its own name, and exits with 2', () => {
  const words = ['dist/ipvs', 'exporter', '--listen', ':0', '--level', 'host'];
  const { status, stderr } = spawnSync('ip', ['netns', 'exec', bed.netns, ...words], { encoding: 'utf8' });
  expect(`${status} ${stderr}`).toMatch(/^2 .*--level must be one of 'totals'/);
});
