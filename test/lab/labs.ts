import { drLoopback, drRedirect } from './dr.ts';
import { natSteps, runNat } from './nat.ts';
import type { Report } from './report.ts';
import { tun } from './tun.ts';
import { runWebLab, type WebLab } from './web-lab.ts';

/** What every lab takes from the command line. */
export interface LabOptions {
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Steps to be left out; those that are not the lab's own do not concern it. */
  readonly leaveOut: readonly string[];
}

/** A lab that can be run by name. */
export interface Lab {
  readonly about: string;
  /** The steps that can be left out. */
  readonly steps: readonly string[];
  /** Resolves with whether it passed. */
  run(options: LabOptions): Promise<boolean>;
}

/** The labs in which a client asks for pages, by name. */
export const webLabs: ReadonlyMap<string, WebLab> = new Map<string, WebLab>([
  ['dr', drRedirect as WebLab],
  ['dr-lo', drLoopback as WebLab],
  ['tun', tun as WebLab],
]);

const nat: Lab = {
  about: 'VS/NAT: two real servers behind a director that rewrites addresses both ways',
  steps: natSteps,
  async run({ report, signal, leaveOut }) {
    const own = natSteps.filter(step => leaveOut.includes(step));
    return (await runNat({ report, signal, leaveOut: own })).passed;
  },
};

function labOf(lab: WebLab): Lab {
  return {
    about: lab.title,
    steps: Object.keys(lab.proofs),
    async run(options) {
      const checks = await runWebLab(lab, { ...options, requests: lab.servers.length * 5 });
      return checks.every(({ passed }) => passed);
    },
  };
}

/** All labs, in the order they run in. */
export const labs: ReadonlyMap<string, Lab> = new Map([
  ['nat', nat],
  ...[...webLabs].map(([name, lab]) => [name, labOf(lab)] as const),
]);
