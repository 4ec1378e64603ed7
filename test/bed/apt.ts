import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './program.ts';

/** An apt of its own: other sources, lists and cache than the machine's, the same proxies and credentials. */
export interface Apt {
  /** Runs one of apt's programs and returns what it prints. */
  run(program: 'apt-get' | 'apt-cache', args: readonly string[], options?: AptOptions): Promise<string>;
}

/** How to run one of apt's programs. */
export interface AptOptions {
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Called with the percentage of the download that is there. */
  readonly onProgress?: (percent: number) => void;
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The kind of packages to take from a suite. */
export interface Selection {
  /** `deb-src` for sources. */
  readonly type?: 'deb' | 'deb-src';
  /** Debian's name of the architecture. */
  readonly architecture?: string;
}

/** Prepares an apt that knows only one suite, in an empty directory. */
export async function isolatedApt(
  directory: string,
  uri: string,
  suite: string,
  { type = 'deb', architecture = 'amd64' }: Selection = {},
): Promise<Apt> {
  for (const name of ['lists/partial', 'archives/partial', 'empty'])
    await mkdir(join(directory, name), { recursive: true });
  await writeFile(join(directory, 'status'), '');
  // Signatures are checked as usual, against the Debian keyring alone.
  await writeFile(
    join(directory, 'sources.list'),
    `${type} [arch=${architecture} signed-by=${keyring}] ${uri} ${suite} main\n`,
  );
  const settings = {
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::sourceparts': join(directory, 'empty'),
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': join(directory, 'empty'),
    'Dir::State': directory,
    'Dir::State::lists': join(directory, 'lists'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': directory,
    'Dir::Cache::archives': join(directory, 'archives'),
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Update::Post-Invoke': '',
    // The directory belongs to the user of this process, and apt's own user may not write to it.
    'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return {
    run: (program, args, { onProgress, ...how } = {}) => {
      const onStatus = (text: string) => {
        const percent = /^dlstatus:\d+:([\d.]+):/m.exec(text)?.[1];
        if (percent !== undefined) onProgress?.(Number(percent));
      };
      return runProgram(program, ['-o', 'APT::Status-Fd=3', ...options, ...args], { ...how, onStatus });
    },
  };
}
