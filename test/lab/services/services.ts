import { withScope } from '../hosts/scope.ts';
import type { Lab, LabOptions } from '../lab.ts';
import type { Box } from '../report/diagram.ts';
import type { Check } from '../report/report.ts';
import { addresses, servers } from './addresses.ts';
import { markCheck } from './firewall-mark.ts';
import { showKind } from './kind.ts';
import { kinds } from './kinds.ts';
import { PersistenceCheck } from './persistence.ts';
import { sipAnswersCheck, sipCheck } from './sip.ts';
import { createStage, type Step } from './stage.ts';
import { ThresholdCheck } from './thresholds.ts';
import { UdpCheck } from './udp.ts';
import { WeightCheck } from './weight-zero.ts';

const DEADLINE = 280_000;
/** No step that is left out keeps an answer away: a test need not tell one that is late from one that never comes. */
const PATIENCE = 20_000;

const title = 'Services: what a client may find behind a virtual IP';
const about =
  'A service is what clients connect to. Here is one of each kind, all with the same two servers behind a masquerading director, and what each is for.';

const proofs: Readonly<Record<Step, readonly string[]>> = {
  // Calls from one socket are then one conversation to IPVS, whatever their Call-IDs.
  'one-packet': [UdpCheck.onePacket, UdpCheck.forgotten, sipCheck],
  // The ports are then two services.
  'firewall-mark': [markCheck],
  persistence: [PersistenceCheck.client, PersistenceCheck.network, markCheck, sipCheck, sipAnswersCheck],
  // Thresholds and weight 0, which close a server to new connections.
  limits: [WeightCheck.quiesced, ThresholdCheck.full],
};

const { clients, client6, virtual, joined, virtual6, gateway, gateway6 } = addresses;

const diagram: readonly (readonly Box[])[] = [
  [{ title: 'client', lines: [...clients, client6] }],
  [
    {
      title: 'director',
      lines: [
        `${virtual} virtual IP`,
        `${joined} virtual IP of the mark`,
        `${virtual6}  virtual IP`,
        `${gateway}, ${gateway6}`,
      ],
    },
  ],
  servers.map(({ name, address, address6 }) => ({ title: name, lines: [address, address6] })),
];

/** Every kind of service that IPVS has. */
export const services: Lab = {
  title,
  about,
  proofs,
  run({ report, signal, leaveOut = [], brief = false, requestTimeout = 5000 }: LabOptions) {
    const timeout = brief ? Math.max(requestTimeout, PATIENCE) : requestTimeout;
    const takes = (step: Step) => !leaveOut.includes(step);
    const left = (Object.keys(proofs) as Step[]).filter(step => !takes(step));
    return withScope({ deadline: DEADLINE, signal }, async scope => {
      report.heading(title, about);
      report.diagram(diagram);
      if (left.length > 0) report.part(`Left out on purpose: ${left.join(', ')}`);
      report.part('Network');
      const stage = await createStage(scope, report, { brief, timeout, takes });
      const checks: Check[] = [];
      for (const kind of kinds) checks.push(...(await showKind(stage, kind)));
      report.verdict(title, checks);
      return checks;
    });
  },
};
