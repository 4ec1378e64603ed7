import { test } from 'vitest';
import { compareCases, useCliBeds } from './cli-beds.ts';
import { cases } from './cli-cases.ts';

const beds = useCliBeds();

test(
  'ipvs does with services what ipvsadm does, and refuses the same, in every case of cli-cases.ts',
  () => compareCases(beds, cases.services),
  600_000,
);
