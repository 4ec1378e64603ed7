import type { Check } from '../report/report.ts';
import { clients, servers } from './hosts.ts';
import { type Scheduler, SchedulerCheck } from './scheduler.ts';
import type { Answer, Trial } from './trial.ts';

const LEAVING = 'server-4';

interface Moves {
  /** The number of clients whose server did not leave, and of those among them that changed servers. */
  readonly others: number;
  readonly moved: number;
  /** The number of clients of the server that left, and of those among them that have another server now. */
  readonly orphans: number;
  readonly adopted: number;
}

/** Has every client ask twice or more, and once more without one of the servers. */
async function showStickiness(
  trial: Trial,
  what: { readonly sticks: string; readonly moves: string },
  judge: (moves: Moves) => boolean,
): Promise<readonly Check[]> {
  const everyone = clients.map(from => ({ from }));
  const before = await trial.atOnce(everyone);
  const repeats: (readonly Answer[])[] = [];
  for (let i = 0; i < trial.rounds; i++) repeats.push(await trial.atOnce(everyone));
  trial.chart(before);
  const used = servers.filter(({ name }) => before.includes(name)).length;
  const faithful = clients.filter(
    (_, i) => before[i] !== undefined && repeats.every(again => again[i] === before[i]),
  ).length;

  if (trial.takes('leaving-server')) await trial.remove(LEAVING);
  const after = await trial.atOnce(everyone);
  const staying = clients.map((_, i) => i).filter(i => before[i] !== LEAVING);
  const orphaned = clients.map((_, i) => i).filter(i => before[i] === LEAVING);
  const changed = (i: number) => after[i] !== undefined && after[i] !== before[i];
  const moves: Moves = {
    others: staying.length,
    moved: staying.filter(changed).length,
    orphans: orphaned.length,
    adopted: orphaned.filter(changed).length,
  };
  trial.report.bars(`What ${LEAVING}'s leaving did to ${clients.length} clients`, [
    { label: 'kept their server', value: moves.others - moves.moved },
    { label: 'lost their server', value: moves.orphans },
    { label: 'changed without need', value: moves.moved },
  ]);
  return [
    {
      what: what.sticks,
      // One server for all clients would be faithful too.
      passed: faithful === clients.length && used === servers.length,
      detail: `${faithful} of ${clients.length} clients, on ${used} servers`,
    },
    {
      what: what.moves,
      passed: moves.orphans > 0 && moves.adopted === moves.orphans && judge(moves),
      detail: `${moves.adopted} of its ${moves.orphans} clients and ${moves.moved} of the ${moves.others} others`,
    },
  ];
}

// ip_vs_sh.c: the client's address hashed into a table of 256 places, which servers fill in turn. With one
// server less every turn is shorter, and two in three of the other servers' places change hands. The hash has
// no secret: with these addresses it is always the same clients.
const sh: Scheduler = {
  name: 'sh',
  title: 'source hashing',
  about:
    'The server is found by hashing the client’s address: a client has the same server each time, and any director finds it, without remembering anything.',
  weights: [1, 1, 1, 1],
  show: trial =>
    showStickiness(
      trial,
      { sticks: SchedulerCheck.shSticks, moves: SchedulerCheck.shMoves },
      ({ moved, others }) => moved >= others / 3,
    ),
};

// ip_vs_mh.c: Maglev's table: each server has an order of its own in which it wants the places, and they
// choose in turn. Without one of them the others still want what they wanted, so that few places but its own
// change hands. The hash is of addresses and ports, without a secret.
const mh: Scheduler = {
  name: 'mh',
  title: 'Maglev hashing',
  about: 'As sh, but when a server leaves or joins, hardly any clients change servers but those that must.',
  weights: [1, 1, 1, 1],
  show: trial =>
    showStickiness(
      trial,
      { sticks: SchedulerCheck.mhSticks, moves: SchedulerCheck.mhMoves },
      ({ moved, others }) => moved <= others / 6,
    ),
};

/** Schedulers that decide by the client. */
export const byClient: readonly Scheduler[] = [sh, mh];
