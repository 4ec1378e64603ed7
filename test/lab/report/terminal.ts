import { styleText } from 'node:util';
import { alignColumns } from '../../../lib/cli/columns.ts';
import { drawDiagram } from './diagram.ts';
import type { Bar, Report } from './report.ts';
import { formatTable } from './table.ts';

type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

const BAR_WIDTH = 40;

/**
 * Whether a stream's reader wants colour: what NO_COLOR and FORCE_COLOR say, else whether it is a terminal.
 */
export function wantsColour(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true;
}

/** Creates a report that is text for a terminal or a pipe. */
export function terminalReport(write: (text: string) => void, colour: boolean): Report {
  const style: Style = (format, text) => (colour ? styleText(format, text) : text);
  let atLineStart = true;
  const put = (text: string) => {
    write(text);
    atLineStart = text.endsWith('\n');
  };
  // A step that was under way when the lab failed has left its line open.
  const line = (text = '') => put(`${atLineStart ? '' : '\n'}${text}\n`);
  const lines = (texts: readonly string[]) => {
    for (const text of texts) line(`  ${text}`);
  };

  return {
    heading(title, about) {
      line();
      line(style(['bold', 'cyan'], title));
      line(about);
    },
    diagram(columns) {
      line();
      lines(drawDiagram(columns));
    },
    part(title) {
      line();
      line(style('bold', title));
    },
    step: text => line(`  ${text}`),
    command: (host, text) => line(`  ${style('dim', `${host}#`)} ${text}`),
    call: text => line(`  ${style('cyan', 'await')} ${text}`),
    table(info, services) {
      lines(formatTable(info, services));
    },
    reply(number, of, reply) {
      const width = String(of).length;
      const place = `  ${String(number).padStart(width)}/${of}`;
      if (reply.failure !== undefined) return line(`${place}  ${style('red', reply.failure)}`);
      const milliseconds = `${reply.milliseconds.toFixed(0)} ms`.padStart(7);
      line(`${place}  ${reply.server}${style('dim', `  saw ${reply.client} ${milliseconds}`)}`);
    },
    progress(what) {
      put(`  ${what} `);
      return {
        tick: () => put('.'),
        done: text => put(` ${text}\n`),
      };
    },
    bars(title, bars) {
      line();
      line(style('bold', title));
      lines(drawBars(bars, style));
    },
    figures(columns, rows) {
      const texts = columns.flatMap((_, i) => (rows.some(row => typeof row[i] === 'number') ? [] : [i]));
      const [head = [], ...body] = alignColumns([columns, ...rows.map(row => row.map(String))], texts);
      line(`  ${style('dim', head.join('  '))}`);
      lines(body.map(cells => cells.join('  ')));
    },
    verdict(title, checks) {
      line();
      line(style('bold', 'Verdict'));
      for (const { what, passed, detail } of checks) {
        line(`  ${passed ? style('green', '✔') : style('red', '✘')} ${what}: ${detail}`);
      }
      const passed = checks.every(check => check.passed);
      line(style(['bold', passed ? 'green' : 'red'], `${title}: ${passed ? 'passed' : 'FAILED'}`));
    },
  };
}

function drawBars(bars: readonly Bar[], style: Style): string[] {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const total = bars.reduce((sum, { value }) => sum + value, 0);
  const labelWidth = Math.max(...bars.map(({ label }) => label.length));
  return bars.map(({ label, value }) => {
    const bar = '█'.repeat(Math.round((value / most) * BAR_WIDTH));
    const share = total === 0 ? 0 : Math.round((value / total) * 100);
    const rest = ' '.repeat(BAR_WIDTH - bar.length);
    return `${label.padEnd(labelWidth)} ${style('green', bar)}${rest} ${String(value).padStart(4)}  ${share} %`;
  });
}
