import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeRules } from '../../../lib/rules/format/format.ts';
import { formatRules, parseCommands, parseRules } from '../../../lib/rules/index.ts';
import { anyTable } from '../../support/any-table.ts';

test('formatRules() of any table that the kernel can hold is parsed back to that table', () => {
  fc.assert(
    fc.property(anyTable, services => {
      expect(parseRules(formatRules(services, { order: 'given' }))).toEqual(services);
    }),
    { numRuns: 2000 },
  );
});

test('rules for ipvsadm say in comments what only this package has options for', () => {
  let [tables, comments, rules] = [0, 0, 0];
  fc.assert(
    fc.property(anyTable, services => {
      tables++;
      const { text, omitted } = writeRules(services, { order: 'given', language: 'ipvsadm' });
      const lines = text.split('\n').slice(0, -1);
      const commented = lines.filter(line => line.startsWith('# '));
      comments += commented.length;
      rules += lines.length - commented.length;
      expect(commented).toHaveLength(omitted.length);
      expect(lines.slice(lines.length - commented.length)).toEqual(commented);
      const kept = lines.slice(0, lines.length - commented.length);
      for (const line of kept) {
        expect(line).not.toMatch(/ --(as-is|ip-service|forwarding|tun-flags|dormant)\b|[#"'\\]/);
      }
      // The destinations of a service that is left out are left out with it.
      parseRules(kept.join('\n'));
      const all = lines.map(line => line.replace(/^# /, '')).join('\n');
      const said = (rule: string) =>
        parseCommands(rule)
          .map(({ command }) => JSON.stringify(command))
          .sort();
      expect(said(all)).toEqual(said(formatRules(services)));
    }),
    { numRuns: 1000 },
  );
  expect(Math.min(comments, rules)).toBeGreaterThan(tables / 2);
});
