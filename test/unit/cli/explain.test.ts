import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { kernelError } from '../../../lib/calls/kernel-error.ts';
import { advise } from '../../../lib/cli/explain.ts';

const { errno } = constants;
const service = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
const destination = { address: '172.16.120.11', port: 80 };

test.each([
  ['SET_SERVICE', 'there is no service tcp 10.100.10.101:80; -A adds it'],
  ['DEL_SERVICE', 'there is no service tcp 10.100.10.101:80'],
  ['ZERO', 'there is no service tcp 10.100.10.101:80'],
] as const)('the command’s error names a missing service after %s', (command, says) => {
  expect(advise(kernelError({ command, service }, errno.ESRCH))).toBe(says);
});

test.each([
  ['SET_DEST', '; -a adds it'],
  ['DEL_DEST', ''],
] as const)('the command’s error names a missing destination after %s', (command, advice) => {
  const error = kernelError({ command, service, destination }, errno.ENOENT);
  expect(advise(error)).toBe(
    `there is no destination 172.16.120.11:80 of service tcp 10.100.10.101:80${advice}`,
  );
});
