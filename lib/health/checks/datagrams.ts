import type { Socket } from 'node:dgram';

/**
 * Sends a datagram over a connected socket. Resolves with what `take` makes of the first answer for which
 * that is not undefined. Rejects with ECONNREFUSED when the target refuses by ICMP, with what `take` throws,
 * and when the signal is aborted.
 */
export function exchange<T>(
  socket: Socket,
  payload: Uint8Array,
  take: (answer: Buffer) => T | undefined,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void) => {
      socket.off('message', onMessage);
      socket.off('error', onError);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onMessage = (answer: Buffer) => {
      try {
        const taken = take(answer);
        if (taken !== undefined) end(() => resolve(taken));
      } catch (error) {
        end(() => reject(error));
      }
    };
    const onError = (error: Error) => end(() => reject(error));
    const onAbort = () => end(() => reject(signal.reason));
    socket.on('message', onMessage);
    socket.on('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.send(payload, error => {
      if (error) onError(error);
    });
  });
}
