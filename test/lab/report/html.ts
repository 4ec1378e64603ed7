import type { Info, ServiceWithDestinations } from '../../../lib/index.ts';
import { drawSvg } from './html-diagram.ts';
import { escapeHtml } from './html-escape.ts';
import type { Bar, Check, Report } from './report.ts';
import { formatTable } from './table.ts';

/** A report that becomes one page. */
export interface HtmlReport extends Report {
  /** The page so far, a whole document that loads nothing. */
  page(): string;
}

interface Verdict {
  readonly title: string;
  readonly passed: boolean;
}

/** Creates a report that is a page to be kept or handed on, with diagrams and charts, which loads nothing. */
export function htmlReport(kernel: string): HtmlReport {
  const parts: string[] = [];
  const verdicts: Verdict[] = [];
  let replies: string[] = [];
  const flush = () => {
    if (replies.length > 0) parts.push(`<ol class="replies">${replies.join('')}</ol>`);
    replies = [];
  };
  const put = (html: string) => {
    flush();
    parts.push(html);
  };

  return {
    heading(title, about) {
      put(`<h2 id="${idOf(title)}">${escapeHtml(title)}</h2><p>${escapeHtml(about)}</p>`);
    },
    diagram(columns) {
      put(drawSvg(columns));
    },
    part: title => put(`<h3>${escapeHtml(title)}</h3>`),
    step: text => put(`<p class="step">${escapeHtml(text)}</p>`),
    command: (host, text) =>
      put(`<pre class="command"><b>${escapeHtml(host)}#</b> ${escapeHtml(text)}</pre>`),
    call: text => put(`<pre class="call"><b>await</b> ${escapeHtml(text)}</pre>`),
    table(info: Info, services: readonly ServiceWithDestinations[]) {
      put(`<pre class="table">${escapeHtml(formatTable(info, services).join('\n'))}</pre>`);
    },
    reply(_number, _of, { server, client, failure, milliseconds }) {
      const what = failure ?? `${server} saw ${client}, ${milliseconds.toFixed(0)} ms`;
      replies.push(`<li${failure === undefined ? '' : ' class="bad"'}>${escapeHtml(what)}</li>`);
    },
    progress: what => ({
      tick() {},
      done: text => put(`<p class="step">${escapeHtml(`${what}: ${text}`)}</p>`),
    }),
    bars(title, bars) {
      put(`<h3>${escapeHtml(title)}</h3>${drawBars(bars)}`);
    },
    figures(columns, rows) {
      const cell = (tag: string) => (value: string | number) =>
        `<${tag}${typeof value === 'number' ? ' class="number"' : ''}>${escapeHtml(String(value))}</${tag}>`;
      const body = rows.map(row => `<tr>${row.map(cell('td')).join('')}</tr>`);
      put(`<table><tr>${columns.map(cell('th')).join('')}</tr>${body.join('')}</table>`);
    },
    verdict(title, checks) {
      const passed = checks.every(check => check.passed);
      verdicts.push({ title, passed });
      put(`<div class="verdict ${passed ? 'good' : 'bad'}"><h3>${escapeHtml(title)}: ${passed ? 'passed' : 'failed'}</h3>
<ul>${checks.map(checkItem).join('')}</ul></div>`);
    },
    page() {
      flush();
      return document(kernel, verdicts, parts);
    },
  };
}

function checkItem({ what, passed, detail }: Check): string {
  return `<li class="${passed ? 'good' : 'bad'}">${escapeHtml(what)}: ${escapeHtml(detail)}</li>`;
}

const BAR = { width: 420, height: 22, label: 170 } as const;

function drawBars(bars: readonly Bar[]): string {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const total = bars.reduce((sum, { value }) => sum + value, 0);
  const rows = bars.map(({ label, value }, i) => {
    const top = i * (BAR.height + 6);
    const width = Math.max(1, (value / most) * BAR.width);
    const share = total === 0 ? 0 : Math.round((value / total) * 100);
    const middle = top + BAR.height * 0.7;
    return `<text x="${BAR.label - 8}" y="${middle}" text-anchor="end">${escapeHtml(label)}</text>
<rect x="${BAR.label}" y="${top}" width="${width.toFixed(1)}" height="${BAR.height}" class="bar"/>
<text x="${BAR.label + width + 8}" y="${middle}">${value} (${share} %)</text>`;
  });
  const height = bars.length * (BAR.height + 6);
  return `<svg viewBox="0 0 ${BAR.label + BAR.width + 110} ${height}" width="${BAR.label + BAR.width + 110}" role="img">${rows.join('')}</svg>`;
}

function document(kernel: string, verdicts: readonly Verdict[], parts: readonly string[]): string {
  const items = verdicts.map(
    ({ title, passed }) =>
      `<li class="${passed ? 'good' : 'bad'}"><a href="#${idOf(title)}">${escapeHtml(title)}</a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The LVS lab</title>
<style>${style}</style>
</head>
<body>
<h1>The LVS lab</h1>
<p>Real traffic through Linux ${escapeHtml(kernel)}, whose virtual servers were set up by this library alone.</p>
<ul class="verdicts">${items.join('')}</ul>
${parts.join('\n')}
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --good: #2a7d3f; --bad: #b3261e; --dim: #7a7a7a; --line: #8a8a8a; --fill: #4a7fb5; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
h3 { margin: 1.2rem 0 .4rem; }
pre { margin: .1rem 0; overflow-x: auto; white-space: pre-wrap; font-size: .85rem; }
pre.command b, .step, .replies { color: var(--dim); }
pre.call b { color: var(--fill); }
pre.table { padding: .6rem; border: 1px solid var(--line); border-radius: 6px; }
.step { margin: .1rem 0; }
.replies { columns: 2; font-size: .85rem; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { border: 1px solid var(--line); padding: .2rem .6rem; text-align: left; }
.number { text-align: right; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.verdicts a { color: inherit; }
.verdict { border-left: 4px solid currentColor; padding-left: 1rem; }
svg { max-width: 100%; height: auto; font: 13px system-ui, sans-serif; fill: currentColor; }
svg .bar { fill: var(--fill); }
svg .box { fill: none; stroke: currentColor; }
svg .cable { fill: none; stroke: var(--line); stroke-width: 2; }
svg .title { font-weight: bold; }
`;

function idOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/:.*/, '')
    .replaceAll(/[^a-z0-9]+/g, '-');
}
