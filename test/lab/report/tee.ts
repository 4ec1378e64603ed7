import type { Report } from './report.ts';

/** Creates a report that passes everything to several reports. */
export function teeReport(...reports: readonly Report[]): Report {
  const each = (tell: (report: Report) => void) => {
    for (const report of reports) tell(report);
  };
  return {
    heading: (...args) => each(report => report.heading(...args)),
    diagram: (...args) => each(report => report.diagram(...args)),
    part: (...args) => each(report => report.part(...args)),
    step: (...args) => each(report => report.step(...args)),
    command: (...args) => each(report => report.command(...args)),
    call: (...args) => each(report => report.call(...args)),
    table: (...args) => each(report => report.table(...args)),
    reply: (...args) => each(report => report.reply(...args)),
    progress(what) {
      const all = reports.map(report => report.progress(what));
      return {
        tick() {
          for (const one of all) one.tick();
        },
        done(text) {
          for (const one of all) one.done(text);
        },
      };
    },
    bars: (...args) => each(report => report.bars(...args)),
    figures: (...args) => each(report => report.figures(...args)),
    verdict: (...args) => each(report => report.verdict(...args)),
  };
}
