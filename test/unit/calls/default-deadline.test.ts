import { expect, test, vi } from 'vitest';
import { Ipvs } from '../../../lib/index.ts';

vi.mock('../../../lib/addon/load.ts', async () => ({
  native: (await import('./stand-in.ts')).stuckAddon,
}));

test('a call without a timeout, by a client without one, ends after 5 seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  try {
    const ipvs = new Ipvs();
    const ended = vi.fn();
    const call = ipvs.info().catch(ended);
    await vi.advanceTimersByTimeAsync(4990);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    await call;
    expect(ended.mock.lastCall).toMatchObject([{ code: 'ERR_IPVS_TIMEOUT', sent: true }]);
  } finally {
    vi.useRealTimers();
  }
});
