import type { Info, ServiceWithDestinations } from '../../../lib/index.ts';
import type { Reply } from '../hosts/peer.ts';
import type { Box } from './diagram.ts';

/** One thing that a lab has to show, and whether it did. */
export interface Check {
  readonly what: string;
  readonly passed: boolean;
  /** The observation behind the verdict. */
  readonly detail: string;
}

/** One bar of a chart. */
export interface Bar {
  readonly label: string;
  readonly value: number;
}

/** A step that takes a while. */
export interface Progress {
  /** Shows that the step is still under way. */
  tick(): void;
  done(text: string): void;
}

/** The listener of a lab. It is given facts, and decides how they look. */
export interface Report {
  heading(title: string, about: string): void;
  /** Shows hosts from left to right. Those of neighbouring columns are on one segment. */
  diagram(columns: readonly (readonly Box[])[]): void;
  /** Begins a part of the lab. */
  part(title: string): void;
  step(text: string): void;
  /** Shows a command run on a host, which the library has no part in. */
  command(host: string, text: string): void;
  /** Shows a call of the library. */
  call(text: string): void;
  /** Shows the kernel's table as the library read it. */
  table(info: Info, services: readonly ServiceWithDestinations[]): void;
  reply(number: number, of: number, reply: Reply): void;
  progress(what: string): Progress;
  bars(title: string, bars: readonly Bar[]): void;
  /** Shows figures in columns. */
  figures(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
  verdict(title: string, checks: readonly Check[]): void;
}

/** The report that shows nothing. */
export const quietReport: Report = {
  heading() {},
  diagram() {},
  part() {},
  step() {},
  command() {},
  call() {},
  table() {},
  reply() {},
  progress: () => ({ tick() {}, done() {} }),
  bars() {},
  figures() {},
  verdict() {},
};
