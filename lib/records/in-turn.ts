/** The last piece of work on each name. */
const last = new Map<string, Promise<unknown>>();

/** Does pieces of work on one name one after another, in the order of the calls. */
export async function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = last.get(name) ?? Promise.resolve();
  const mine = before.then(work, work);
  last.set(name, mine);
  try {
    return await mine;
  } finally {
    if (last.get(name) === mine) last.delete(name);
  }
}
