import type { Daemon, Info, Timeouts } from '../model/kernel.ts';
import { type Settings, sysctlName } from '../proc/settings.ts';
import type { FewSeries } from './director.ts';
import { type Family, labelsOf } from './format.ts';

/** What is known of a whole namespace besides its totals. */
export interface KernelState {
  readonly info: Info;
  readonly settings: Settings;
  readonly timeouts: Timeouts;
  readonly daemons: readonly Daemon[];
}

function gauge(name: string, help: string, unit?: 'seconds'): Family {
  return { name, type: 'gauge', help, ...(unit !== undefined && { unit }) };
}

const info: Family = { name: 'ipvs_info', type: 'info', help: "Version of the kernel's IPVS, as a label." };
const tableSize = gauge('ipvs_connection_table_size', 'Buckets of the connection table.');
const timeout = gauge(
  'ipvs_timeout_seconds',
  'Time without a packet after which the kernel forgets a connection.',
  'seconds',
);
const setting = gauge('ipvs_setting', 'A sysctl net.ipv4.vs.NAME.');
const running = gauge('ipvs_sync_daemon_running', 'Whether a sync daemon of the role runs.');
const daemon: Family = {
  name: 'ipvs_sync_daemon_info',
  type: 'info',
  help: 'What a running sync daemon was started with, as labels.',
};

/** Series of the kernel's state. */
export function kernelSeries({
  info: known,
  settings,
  timeouts,
  daemons,
}: KernelState): readonly FewSeries[] {
  return [
    [info, [[labelsOf([['version', known.version]]), 1]]],
    [tableSize, [['', known.connectionTableSize]]],
    [
      timeout,
      [
        ['{state="tcp"}', timeouts.tcp],
        ['{state="tcp_fin"}', timeouts.tcpFin],
        ['{state="udp"}', timeouts.udp],
      ],
    ],
    [setting, settingValues(settings).map(([name, value]) => [labelsOf([['name', name]]), value] as const)],
    [
      running,
      (['master', 'backup'] as const).map(
        role => [`{role="${role}"}`, Number(daemons.some(one => one.role === role))] as const,
      ),
    ],
    [
      daemon,
      daemons.map(
        ({ role, interface: device, syncId, group, port }) =>
          [
            labelsOf([
              ['role', role],
              ['interface', device],
              ['sync_id', String(syncId)],
              ['group', group],
              ['port', String(port)],
            ]),
            1,
          ] as const,
      ),
    ],
  ];
}

/** Settings that are numbers by their sysctls' names; of the pair sync_threshold, each under a name of its own. */
function settingValues(settings: Settings): readonly (readonly [name: string, value: number])[] {
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
    if (name === 'syncThreshold') {
      const { threshold, period } = value as Settings['syncThreshold'];
      return [['sync_threshold', threshold] as const, ['sync_period', period] as const];
    }
    return typeof value === 'number' || typeof value === 'boolean'
      ? [[sysctlName(name), Number(value)] as const]
      : [];
  });
}
