import type { Lab } from '../lab.ts';
import type { Box } from '../report/diagram.ts';
import type { Check } from '../report/report.ts';
import { type Frame, runLab } from '../run-lab.ts';
import { addresses, servers } from './addresses.ts';
import { markCheck } from './firewall-mark.ts';
import { showKind } from './kind.ts';
import { kinds } from './kinds.ts';
import { PersistenceCheck } from './persistence.ts';
import { sipAnswersCheck, sipCheck } from './sip.ts';
import { createStage, type Step, segments } from './stage.ts';
import { ThresholdCheck } from './thresholds.ts';
import { UdpCheck } from './udp.ts';
import { WeightCheck } from './weight-zero.ts';

/** Milliseconds for an answer. All are to come, whatever step is left out, so that the time may be long. */
const PATIENCE = 20_000;

const title = 'Services: what a client may find behind a virtual IP';
const about =
  'A service is what clients connect to. Here is one of each kind, all with the same two servers behind a masquerading director, and what each is for.';

const proofs: Readonly<Record<Step, readonly string[]>> = {
  // Without the engine IPVS takes calls from one socket for one conversation, whatever their Call-IDs.
  'one-packet': [UdpCheck.onePacket, UdpCheck.forgotten, sipCheck],
  // Without the mark the ports are two services.
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

const frame: Frame<Step> = {
  title,
  about,
  diagram,
  proofs,
  deadline: 280_000,
  programs: ['iptables'],
  modules: ['ip_vs_rr', 'ip_vs_pe_sip', 'xt_mark'],
  segments,
};

/** The lab of every kind of service that IPVS has. */
export const services: Lab = {
  title,
  about,
  proofs,
  run({ brief = false, requestTimeout = 5000, ...options }) {
    const timeout = brief ? Math.max(requestTimeout, PATIENCE) : requestTimeout;
    return runLab(frame, options, async run => {
      const stage = await createStage(run, { brief, timeout });
      const checks: Check[] = [];
      for (const kind of kinds) checks.push(...(await showKind(stage, kind)));
      run.report.verdict(title, checks);
      return checks;
    });
  },
};
