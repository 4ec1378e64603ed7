// An npm registry with a few packages, for tests that install: it needs no network, and shows the requests.
//
//   node registry-server.mjs FOLDER    serves the tarballs in FOLDER; each request becomes a line on standard output

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [, , folder] = process.argv;
const port = 4873;
/** What the registry says of each package, by its name. */
const packages = new Map();
for (const file of readdirSync(folder).filter(name => name.endsWith('.tgz'))) {
  const { name, version, ...rest } = describe(file);
  const known = packages.get(name) ?? { _id: name, name, 'dist-tags': {}, versions: {} };
  known.versions[version] = { name, version, ...rest };
  const newest = Object.keys(known.versions).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  known['dist-tags'].latest = newest.at(-1);
  packages.set(name, known);
}

createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  const path = decodeURIComponent(new URL(request.url ?? '', 'http://localhost').pathname).slice(1);
  const tarball = /^tarballs\/([\w.-]+)$/.exec(path)?.[1];
  if (tarball !== undefined) {
    response.end(readFileSync(join(folder, tarball)));
  } else if (packages.has(path)) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(packages.get(path)));
  } else {
    response.statusCode = 404;
    response.end('{}');
  }
}).listen(port, '127.0.0.1', () => console.log('ready'));

/**
 * A version of a package, as the registry has it.
 * @param {string} file
 */
function describe(file) {
  const path = join(folder, file);
  const manifest = JSON.parse(
    execFileSync('tar', ['--extract', '--to-stdout', '--file', path, 'package/package.json'], {
      encoding: 'utf8',
    }),
  );
  const content = readFileSync(path);
  const dist = {
    tarball: `http://127.0.0.1:${port}/tarballs/${file}`,
    shasum: createHash('sha1').update(content).digest('hex'),
    integrity: `sha512-${createHash('sha512').update(content).digest('base64')}`,
  };
  return { ...manifest, _id: `${manifest.name}@${manifest.version}`, dist };
}
