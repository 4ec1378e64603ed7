import { test } from 'vitest';
import { compareCases, useCliBeds } from './cli-beds.ts';
import { cases } from './cli-cases.ts';

const beds = useCliBeds();

test(
  'ipvs does with destinations, timeouts, sync daemons and rules what ipvsadm does, in every case of cli-cases.ts',
  () => compareCases(beds, cases.rest),
  600_000,
);
