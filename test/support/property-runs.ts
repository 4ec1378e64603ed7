import fc from 'fast-check';

/**
 * The runs that a property has in its test, or, for `npm run fuzz`, those that fit into the time that
 * IPVS_PROPERTY_SECONDS names, whose number is printed.
 */
export function propertyRuns<T>(usual: number): fc.Parameters<T> {
  const { IPVS_PROPERTY_SECONDS: seconds } = process.env;
  if (seconds === undefined) return { numRuns: usual };
  return {
    numRuns: 0x7fff_ffff,
    interruptAfterTimeLimit: Number(seconds) * 1000,
    markInterruptAsFailure: false,
    reporter(details) {
      console.log(`${details.numRuns} executions`);
      if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
    },
  };
}
