/** A controller that other signals abort, too. */
export interface JoinedSignals {
  readonly controller: AbortController;
  /** Lets go of the other signals. */
  release(): void;
}

/**
 * Makes a controller that is aborted with any of these signals. AbortSignal.any() of Node.js 20 holds its sources
 * weakly: one that nobody else holds, such as AbortSignal.timeout(), is collected as garbage and never aborts.
 */
export function joinSignals(...sources: readonly AbortSignal[]): JoinedSignals {
  const controller = new AbortController();
  const follow = ({ target }: Event) => controller.abort((target as AbortSignal).reason);
  for (const source of sources) {
    if (source.aborted) controller.abort(source.reason);
    else source.addEventListener('abort', follow, { once: true });
  }
  return {
    controller,
    release() {
      for (const source of sources) source.removeEventListener('abort', follow);
    },
  };
}
