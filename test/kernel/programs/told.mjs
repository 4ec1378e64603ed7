/** Has this process do what its parent says in messages, each by the function of its name in `work`, and answer. */
export function obey(work) {
  process.on('message', async ({ id, what, ...rest }) => {
    try {
      process.send({ id, value: await work[what](rest) });
    } catch (error) {
      process.send({ id, error: String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
  process.send('ready');
}
