// Runs before each test file: leaves a mark in the output of a bed, by which test/run.ts knows that tests had begun.

import { writeFileSync } from 'node:fs';
import { markOf } from './report.ts';

const { IPVS_BED_OUTPUT } = process.env;
if (IPVS_BED_OUTPUT) writeFileSync(markOf(IPVS_BED_OUTPUT), '');
