import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { labs } from './labs.ts';
import { quietReport } from './report/report.ts';

function ownNamespaces(): readonly string[] {
  const directory = '/run/netns';
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter(name => name.startsWith(`lab-${process.pid}-`));
}

function ownHosts(): readonly string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const isHost = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('programs/peer.mjs');
      return (
        isHost &&
        new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      );
    } catch {
      return false; // it has ended
    }
  });
}

test('a lab that is stopped amid its requests leaves no process and no namespace', async () => {
  const stop = new AbortController();
  let [namespaces, hosts] = [0, 0];
  const report = {
    ...quietReport,
    reply() {
      namespaces = ownNamespaces().length;
      hosts = ownHosts().length;
      stop.abort(new Error('stopped by SIGINT'));
    },
  };
  const run = labs.get('dr')!.run({ report, signal: stop.signal });
  await expect(run).rejects.toThrow('stopped by SIGINT');
  // Namespaces are those of client, director, two servers and a switch. Three have a process so far.
  expect({ namespaces, hosts }).toEqual({ namespaces: 5, hosts: 3 });
  expect(ownNamespaces()).toEqual([]);
  expect(ownHosts()).toEqual([]);
});
