import { describe, expect, test } from 'vitest';
import { requirePrograms, runProgram } from '../../lab/hosts/program.ts';
import { withScope } from '../../lab/hosts/scope.ts';

describe('withScope()', () => {
  test('a lab’s scope is undone in reverse order after success', async () => {
    const undone: number[] = [];
    const value = await withScope({ deadline: 1000 }, async scope => {
      for (const step of [1, 2, 3]) scope.defer(() => void undone.push(step));
      return 'done';
    });
    expect(value).toBe('done');
    expect(undone).toEqual([3, 2, 1]);
  });

  test('a lab’s scope is undone after a failure, even where a part of undoing fails', async () => {
    const undone: number[] = [];
    const lab = withScope({ deadline: 1000 }, async scope => {
      scope.defer(() => void undone.push(1));
      scope.defer(() => {
        throw new Error('stuck');
      });
      throw new Error('broken');
    });
    await expect(lab).rejects.toThrow('broken\nstuck');
    expect(undone).toEqual([1]);
  });

  test('a lab’s scope is undone at its deadline, which the error names', async () => {
    let undone = false;
    const lab = withScope({ deadline: 50 }, async scope => {
      scope.defer(() => {
        undone = true;
      });
      await runProgram('sleep', ['60'], { signal: scope.signal });
    });
    await expect(lab).rejects.toThrow('stopped at the deadline of 0.05 s');
    expect(undone).toBe(true);
  });

  test('a lab’s scope is undone when its signal is aborted', async () => {
    const stop = new AbortController();
    let undone = false;
    const lab = withScope({ deadline: 60_000, signal: stop.signal }, async scope => {
      scope.defer(() => {
        undone = true;
      });
      setTimeout(() => stop.abort(new Error('stopped by SIGINT')), 20);
      await runProgram('sleep', ['60'], { signal: scope.signal });
    });
    await expect(lab).rejects.toThrow('stopped by SIGINT');
    expect(undone).toBe(true);
  });
});

describe('programs', () => {
  test('runProgram() passes input, returns output, and fails with the reason', async () => {
    expect(await runProgram('cat', [], { input: 'text' })).toBe('text');
    const failing = runProgram('sh', ['-c', 'echo reason >&2; exit 3']);
    await expect(failing).rejects.toThrow('`sh -c echo reason >&2; exit 3` ended with 3: reason');
    await expect(runProgram('sleep', ['60'], { timeout: 50 })).rejects.toThrow('did not end within 0.05 s');
  });

  test('a missing program is named with the package that has it', () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    try {
      expect(() => requirePrograms('ip', 'iptables')).toThrow('apt-get install iproute2 iptables');
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});
