// Leaves texts for people alone: what is worded otherwise is no fault. A text is for people where a space is in it.

// @ts-check

/**
 * @typedef {{ node: { type: string, value?: unknown, quasis?: { value: { raw: string } }[] } }} Path
 */

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'words',
    value: {
      /** @param {Path} path */
      shouldIgnore({ node }) {
        const texts =
          node.type === 'StringLiteral'
            ? [String(node.value)]
            : node.type === 'TemplateLiteral'
              ? (node.quasis ?? []).map(({ value }) => value.raw)
              : [];
        return texts.some(text => text.includes(' ')) ? 'a text for people' : undefined;
      },
    },
  },
];
