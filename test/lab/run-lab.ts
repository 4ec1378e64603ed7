import { createNetwork, type Network, type Segment } from './hosts/network.ts';
import type { Peer, Reply } from './hosts/peer.ts';
import { type Program, requireModules, requirePrograms } from './hosts/program.ts';
import { type Scope, withScope } from './hosts/scope.ts';
import type { LabOptions } from './lab.ts';
import type { Box } from './report/diagram.ts';
import type { Report } from './report/report.ts';

/** The frame of a lab: its introduction, and the hosts and programs that it needs. */
export interface Frame<Step extends string> {
  readonly title: string;
  readonly about: string;
  readonly diagram: readonly (readonly Box[])[];
  /** Each step that can be left out, with the checks that must fail then. */
  readonly proofs: Readonly<Record<Step, readonly string[]>>;
  /** Milliseconds the whole lab may take. */
  readonly deadline: number;
  /** The programs needed in addition to those of every network. */
  readonly programs: readonly Program[];
  readonly modules: readonly string[];
  readonly segments: readonly Segment[];
}

/** A lab under way. */
export interface Run<Step extends string> {
  readonly scope: Scope;
  readonly report: Report;
  readonly network: Network;
  /** Whether a step is not left out. */
  takes(step: Step): boolean;
}

/** Introduces a lab, makes its network and runs it; whatever it made is undone when it ends. */
export function runLab<Step extends string, T>(
  frame: Frame<Step>,
  { report, signal, leaveOut = [] }: Pick<LabOptions, 'report' | 'signal' | 'leaveOut'>,
  lab: (run: Run<Step>) => Promise<T>,
): Promise<T> {
  const takes = (step: Step) => !leaveOut.includes(step);
  const left = (Object.keys(frame.proofs) as Step[]).filter(step => !takes(step));
  return withScope({ deadline: frame.deadline, signal }, async scope => {
    report.heading(frame.title, frame.about);
    report.diagram(frame.diagram);
    if (left.length > 0) report.part(`Left out on purpose: ${left.join(', ')}`);
    report.part('Network');
    requirePrograms('ip', 'modprobe', 'nsenter', ...frame.programs);
    const modules = ['veth', 'bridge', 'ip_vs', ...frame.modules];
    await requireModules(modules, scope.signal);
    report.step(`kernel modules: ${modules.join(', ')}`);
    return lab({ scope, report, network: await createNetwork(scope, report, frame.segments), takes });
  });
}

/** The settings of requests. */
export interface Requests {
  readonly url: string;
  readonly count: number;
  /** Milliseconds that a request may take. */
  readonly timeout: number;
  /** The number of unanswered requests in a row after which the rest is not sent. */
  readonly giveUp: number;
}

/** Sends requests one after the other, a new connection each, and returns the replies. */
export async function sendRequests(
  client: Peer,
  { url, count, timeout, giveUp }: Requests,
  report: Report,
): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  let unanswered = 0;
  while (replies.length < count && unanswered < giveUp) {
    const reply = await client.get(url, { timeout });
    replies.push(reply);
    report.reply(replies.length, count, reply);
    unanswered = reply.failure === undefined ? 0 : unanswered + 1;
  }
  return replies;
}
