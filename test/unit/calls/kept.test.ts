import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Operation } from '../../../lib/addon/layout.ts';
import { createStandIn, turn } from './stand-in.ts';

test('what a call resolved with is collected once its caller has forgotten it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { calls, answer } = createStandIn();
  const returned = await (async () => {
    const asking = calls.run({
      operation: Operation.getInfo,
      context: { command: 'GET_INFO' },
      decode: () => ({ value: 'large' }),
    });
    await turn();
    answer({});
    return new WeakRef(await asking);
  })();
  await turn();
  collect();
  expect(returned.deref()).toBeUndefined();
});
