import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { npmPackage } from '../bed/packages.ts';
import { root, scratch, shelf } from './tarball.ts';

// Judges the packed package's manifest and types.

let tarball = '';
beforeAll(() => {
  const name = readdirSync(shelf).find(file => /^ipvs-\d/.test(file));
  tarball = join(shelf, name!);
});

function run(program: string, args: readonly string[], cwd = root): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  expect(status, `${program} ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
}

test('the package is packed in at most 2 MB', () => {
  expect(statSync(tarball).size).toBeLessThanOrEqual(2_000_000);
});

test('the package has npm neither compile anything nor run a script at installation', () => {
  const list = execFileSync('tar', ['--list', '--file', tarball], { encoding: 'utf8' }).split('\n');
  expect(list).not.toContain('package/binding.gyp');
  const manifest = execFileSync('tar', ['-xOf', tarball, 'package/package.json'], { encoding: 'utf8' });
  const { scripts } = JSON.parse(manifest) as { readonly scripts: Readonly<Record<string, string>> };
  expect(Object.keys(scripts).filter(name => /install$|^prepare$/.test(name))).toEqual([]);
});

test('publint finds nothing to improve in the package', () => {
  run(process.execPath, ['node_modules/publint/src/cli.js', 'run', tarball, '--strict']);
});

test('the types are right for every way in which the package can be imported', () => {
  run(process.execPath, [
    'node_modules/@arethetypeswrong/cli/dist/index.js',
    tarball,
    '--profile',
    'esm-only',
  ]);
});

const program = `import { Ipvs, type ServiceSpec, serviceKey } from 'ipvs';

const web: ServiceSpec = { protocol: 'tcp', address: '10.100.10.101', port: 80, scheduler: 'wrr' };
export async function main(): Promise<string> {
  const ipvs = new Ipvs();
  await ipvs.addService(web);
  for (const { address, stats } of await ipvs.destinations(web)) address.at(0), stats.inBytes + 1;
  await ipvs.close();
  return serviceKey(web);
}
// @ts-expect-error a service has no such field
export const wrong: ServiceSpec = { ...web, nonsense: true };
`;

const moduleKinds = [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const;
const compilers = ['5.2', '5.5', '5.9', '6'].flatMap(version =>
  moduleKinds.flatMap(([module, resolution]) =>
    [true, false].map(withNode => ({ version, module, resolution, withNode })),
  ),
);

test.each(compilers)(
  'TypeScript $version takes the types under $resolution; Node.js’ types there: $withNode',
  async ({ version, module, resolution, withNode }) => {
    const project = scratch(`ts-${version}-${resolution}-${withNode}`);
    const modules = join(project, 'node_modules');
    mkdirSync(join(modules, 'ipvs'), { recursive: true });
    execFileSync('tar', ['-xf', tarball, '--strip-components=1', '-C', join(modules, 'ipvs')]);
    if (withNode) {
      mkdirSync(join(modules, '@types'));
      symlinkSync(join(root, 'node_modules/@types/node'), join(modules, '@types/node'));
      cpSync(join(root, 'node_modules/undici-types'), join(modules, 'undici-types'), { recursive: true });
    }
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(project, 'main.ts'), program);
    const compilerOptions = {
      ...{ strict: true, noEmit: true, target: 'es2022', module, moduleResolution: resolution },
      // Disposal and signals are declared by the types of Node.js, or else by these libraries.
      lib: ['es2022', 'esnext.disposable', ...(withNode ? [] : ['dom'])],
      types: withNode ? ['node'] : [],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
    const compiler = join(await npmPackage(`typescript@${version}`), 'lib/tsc.js');
    run(process.execPath, [compiler, '--project', project], project);
  },
);
