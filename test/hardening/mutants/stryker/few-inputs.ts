import fc from 'fast-check';

export * from 'fast-check';

/** More inputs than these notice hardly another mutant, and each that survives is tried with all of them. */
const MOST = 100;

/**
 * fast-check for the tests of mutants: on the same inputs for each, and in each run, as a score must not depend on luck;
 * and on few.
 */
export const assert = ((property, parameters = {}) =>
  fc.assert(property, {
    ...parameters,
    seed: 20,
    numRuns: Math.min(parameters.numRuns ?? MOST, MOST),
  })) as typeof fc.assert;

// biome-ignore lint/style/noDefaultExport: as fast-check has it.
export default { ...fc, assert };
