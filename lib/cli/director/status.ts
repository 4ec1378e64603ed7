import { styleText } from 'node:util';
import type { DestinationState, DirectorState, ServiceState } from '../../director/types.ts';
import { destinationKey, serviceKey } from '../../model/identity.ts';
import { alignColumns } from '../columns.ts';

type Colour = 'green' | 'yellow' | 'red';

interface Row {
  readonly cells: readonly string[];
  readonly colour?: Colour;
}

/** The columns without numbers. */
const TEXTS = [0, 2, 3];

const head: Row = { cells: ['service, destination', 'weight', 'why', ''] };

/** What a director's state is, for people. */
export function formatStatus(state: DirectorState, coloured: boolean): string {
  const rows = [head, ...state.services.flatMap(serviceRows)];
  const lines = alignColumns(
    rows.map(({ cells }) => cells),
    TEXTS,
  );
  const table = rows.map(({ colour }, i) => lineText(lines[i]!, coloured ? colour : undefined));
  return [...(state.services.length === 0 ? ['no services'] : table), ...footer(state), ''].join('\n');
}

function lineText([name = '', ...rest]: readonly string[], colour: Colour | undefined): string {
  const shown = colour === undefined ? name : styleText(colour, name, { validateStream: false });
  return [shown, ...rest].join('  ').trimEnd();
}

function serviceRows(service: ServiceState): readonly Row[] {
  const { isUp, isPanicking, tier, destinations } = service;
  const words = [
    isUp ? 'up' : 'down',
    ...(tier > 0 ? [`spares of tier ${tier}`] : []),
    ...(isPanicking ? ['too many fail: some stay in'] : []),
  ];
  const colour = isUp && !isPanicking ? 'green' : isUp ? 'yellow' : 'red';
  return [
    { cells: [serviceKey(service.service), '', words.join(', '), ''], colour },
    ...destinations.map(destinationRow),
  ];
}

function destinationRow({
  destination,
  weight,
  configured,
  reason,
  override,
  checks,
}: DestinationState): Row {
  const whole = override ?? configured;
  const failing = checks.find(({ health }) => health?.state === 'down');
  const detail = failing ?? checks.find(({ health }) => health?.answer?.detail !== undefined);
  const what = detail?.health?.reason ?? detail?.health?.answer?.detail;
  const said = override === undefined ? '' : ` (set to ${override})`;
  return {
    cells: [
      `  ${destinationKey(destination)}`,
      weight === whole || whole === 0 ? String(weight) : `${weight} of ${whole}`,
      `${reason}${said}`,
      detail === undefined || what === undefined ? '' : `${detail.name}: ${what}`,
    ],
    colour: weight > 0 ? (reason === 'kept-in' ? 'yellow' : 'green') : reason === 'down' ? 'red' : 'yellow',
  };
}

function footer({ phase, isConverged, isSuspicious, problems, revision }: DirectorState): readonly string[] {
  const isBehind = problems.some(({ code }) => code === 'desired' || code === 'source');
  return [
    ...(phase === 'running' ? [] : [`the director is ${phase}`]),
    ...(revision === undefined ? [] : [isBehind ? `${revision} stays in force` : `revision ${revision}`]),
    ...(isConverged ? [] : ['the table is not yet as it is to be']),
    ...(isSuspicious ? ['many checks failed at once: for a while that is not believed'] : []),
    ...problems.map(({ code, message }) => `problem (${code}): ${message}`),
  ];
}
