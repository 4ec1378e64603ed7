import { describe, expect, test } from 'vitest';
import { htmlReport } from '../../lab/report/html.ts';
import { quietReport } from '../../lab/report/report.ts';
import { teeReport } from '../../lab/report/tee.ts';

function page(): string {
  const report = htmlReport('6.1.0-test');
  const both = teeReport(quietReport, report);
  both.heading('VS/NAT: both ways', 'Requests & replies pass <through>.');
  both.diagram([
    [{ title: 'client', lines: ['10.0.0.1'] }],
    [
      { title: 'server-1', lines: [] },
      { title: 'server-2', lines: [] },
    ],
  ]);
  both.part('Traffic');
  both.command('director', 'iptables -A "x"');
  both.call("ipvs.addService({ scheduler: 'rr' })");
  both.reply(1, 2, { server: 'server-1', client: '10.0.0.1', milliseconds: 3 });
  both.reply(2, 2, { failure: 'no answer', milliseconds: 1000 });
  both.progress('waiting').done('2 s');
  both.bars('Distribution', [
    { label: 'server-1', value: 3 },
    { label: 'server-2', value: 0 },
  ]);
  both.figures(['server', 'requests'], [['server-1', 3]]);
  both.verdict('VS/NAT', [{ what: 'every request is answered', passed: false, detail: '1 of 2' }]);
  return report.page();
}

describe('the HTML report', () => {
  test('the HTML report holds everything, as text and not as markup', () => {
    const html = page();
    expect(html).toContain('Requests &amp; replies pass &lt;through&gt;.');
    expect(html).toContain('iptables -A &quot;x&quot;');
    for (const text of ['no answer', 'waiting: 2 s', '3 (100 %)', '0 (0 %)', '1 of 2', 'Linux 6.1.0-test']) {
      expect(html).toContain(text);
    }
    expect(html.match(/<rect[^>]*class="box"/g)).toHaveLength(3);
    expect(html.match(/<rect[^>]*class="bar"/g)).toHaveLength(2);
  });

  test('the HTML report links each verdict to its lab', () => {
    const html = page();
    expect(html).toContain('<li class="bad"><a href="#vs-nat">VS/NAT</a></li>');
    expect(html).toContain('<h2 id="vs-nat">');
  });

  test('the HTML report loads nothing from elsewhere', () => {
    expect(page()).not.toMatch(/(?:src|href)="(?!#)|@import|url\(/);
  });
});
