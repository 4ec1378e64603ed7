import type { Duplex } from 'node:stream';
import type { Matcher } from './pattern.ts';

/**
 * Reads until what is expected has come. Rejects when the other end closes or errs before that, when more
 * than `maxBytes` come without it, and when the signal is aborted.
 */
export function readUntil(
  stream: Duplex,
  expect: Matcher,
  maxBytes: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (act: () => void) => {
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.off('close', onEnd);
      stream.off('error', onError);
      signal.removeEventListener('abort', onAbort);
      stream.pause();
      act();
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (expect.matches(Buffer.concat(chunks).subarray(0, maxBytes))) end(resolve);
      else if (length > maxBytes)
        end(() => reject(new Error(`no ${expect.text} in the first ${maxBytes} bytes`)));
    };
    const onEnd = () => end(() => reject(new Error(`closed without ${expect.text}${sayings(chunks)}`)));
    const onError = (error: Error) => end(() => reject(error));
    const onAbort = () => end(() => reject(signal.reason));
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.on('close', onEnd);
    stream.on('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** The beginning of what was said instead, for people. */
function sayings(chunks: readonly Buffer[]): string {
  const text = Buffer.concat(chunks).toString('utf8', 0, 80);
  return text === '' ? '' : `: ${JSON.stringify(text)}`;
}
