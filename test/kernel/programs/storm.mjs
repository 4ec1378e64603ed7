/**
 * Begins a visit every so many milliseconds, whatever has become of those before. `visit` gets a signal to give up
 * by, and resolves with the name of who answered.
 */
export function startStorm(every, visit) {
  const failures = [];
  const names = {};
  const running = new Set();
  let made = 0;
  const timer = setInterval(() => {
    made++;
    const time = Date.now();
    const controller = new AbortController();
    const over = visit(controller.signal)
      .then(
        name => {
          names[name] = (names[name] ?? 0) + 1;
        },
        error => failures.push({ time, error: error.code ?? error.message }),
      )
      .finally(() => running.delete(attempt));
    const attempt = { time, controller, over };
    running.add(attempt);
  }, every);
  return {
    /** Has visits fail that began before a time, in milliseconds since 1970, and are not over. */
    giveUp(before) {
      for (const { time, controller } of running) if (time < before) controller.abort();
    },
    /** Begins no more visits, and resolves when all are over. */
    async end() {
      clearInterval(timer);
      await Promise.all(Array.from(running, ({ over }) => over));
      return { made, failures, names };
    },
  };
}
