import { expect, test } from 'vitest';
import { IpvsError } from '../../../lib/index.ts';

test('instanceof knows an IpvsError of another copy of the package', () => {
  const error = new IpvsError('ERR_IPVS_CLOSED', 'closed', { cause: 1 });
  const twin = { [Symbol.for('ipvs.IpvsError')]: true };
  expect(error).toBeInstanceOf(Error);
  expect(twin).toBeInstanceOf(IpvsError);
  expect(new Error('x')).not.toBeInstanceOf(IpvsError);
  expect(null).not.toBeInstanceOf(IpvsError);
  expect(error).toMatchObject({ name: 'IpvsError', cause: 1 });
  expect(Object.keys(error)).toEqual(['code']);
});
