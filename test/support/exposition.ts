/** The value of each series of a text, by its name and labels. */
export function valuesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map(line => {
      const [, series, value] = /^(\S+?(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      return [series!, Number(value)] as const;
    }),
  );
}
