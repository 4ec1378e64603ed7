import type { Info, ServiceWithDestinations } from '../../../lib/index.ts';
import type { Reply } from '../hosts/peer.ts';
import type { Box } from './diagram.ts';

/** One thing a lab has to show, and whether it did. */
export interface Check {
  readonly what: string;
  readonly passed: boolean;
  /** What was seen. */
  readonly detail: string;
}

/** One bar of a chart. */
export interface Bar {
  readonly label: string;
  readonly value: number;
}

/** Something that takes a while. */
export interface Progress {
  /** Still at it. */
  tick(): void;
  done(text: string): void;
}

/** Where a lab tells what it does. It tells facts; how they look is the report's own affair. */
export interface Report {
  heading(title: string, about: string): void;
  /** Hosts from left to right; those of neighbouring columns are on one segment. */
  diagram(columns: readonly (readonly Box[])[]): void;
  /** A part of the lab begins. */
  part(title: string): void;
  step(text: string): void;
  /** A command run on a host, by no means by the library. */
  command(host: string, text: string): void;
  /** A call of the library. */
  call(text: string): void;
  /** The kernel's table, as the library read it. */
  table(info: Info, services: readonly ServiceWithDestinations[]): void;
  reply(number: number, of: number, reply: Reply): void;
  progress(what: string): Progress;
  bars(title: string, bars: readonly Bar[]): void;
  /** Figures side by side. */
  figures(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
  verdict(title: string, checks: readonly Check[]): void;
}

/** Tells nobody anything. */
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
