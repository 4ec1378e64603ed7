/** One line of an apt sources list, or one stanza of a deb822 file. */
export interface Source {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

/** This machine's sources of Debian packages. */
export interface Mirror {
  readonly archive: string;
  readonly security: string;
}

const debianSuite =
  /^(?:(?:old){0,2}stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky|duke)(?:-(?:updates|backports|proposed-updates))?$/;
const securitySuite =
  /^(?:(?:old){0,2}stable|testing|buster|bullseye|bookworm|trixie|forky|duke)(?:-security|\/updates)$/;

/** Reads the one-line format (`*.list`). */
export function parseList(text: string): Source[] {
  const sources: Source[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (match === null) continue;
    const [, uri = '', suite = '', rest = ''] = match;
    sources.push({ uris: [uri], suites: [suite], components: words(rest) });
  }
  return sources;
}

/** Reads the deb822 format (`*.sources`). */
export function parseDeb822(text: string): Source[] {
  return parseStanzas(text)
    .filter(
      stanza =>
        words(stanza.get('types')).includes('deb') && !/^(?:no|false)$/i.test(stanza.get('enabled') ?? ''),
    )
    .map(stanza => ({
      uris: words(stanza.get('uris')),
      suites: words(stanza.get('suites')),
      components: words(stanza.get('components')),
    }));
}

/** Splits RFC 822-like text (apt's sources and indexes) into stanzas, their field names in lower case. */
export function parseStanzas(text: string): Map<string, string>[] {
  const stanzas: Map<string, string>[] = [];
  let stanza = new Map<string, string>();
  let field = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    if (line.trim() === '') {
      if (stanza.size > 0) stanzas.push(stanza);
      stanza = new Map();
      field = '';
    } else if (/^\s/.test(line)) {
      if (field !== '') stanza.set(field, `${stanza.get(field)}\n${line.trim()}`);
    } else {
      const colon = line.indexOf(':');
      if (colon < 0) continue;
      field = line.slice(0, colon).toLowerCase();
      stanza.set(field, line.slice(colon + 1).trim());
    }
  }
  if (stanza.size > 0) stanzas.push(stanza);
  return stanzas;
}

/**
 * Finds Debian's archive and its security archive among a machine's sources. A security archive that is not
 * named is taken to lie beside the archive, as on every full mirror.
 */
export function findMirror(sources: readonly Source[]): Mirror | undefined {
  const uriOf = (suite: RegExp) =>
    sources.find(source => source.components.includes('main') && source.suites.some(name => suite.test(name)))
      ?.uris[0];
  const archive = uriOf(debianSuite);
  if (archive === undefined) return undefined;
  return { archive, security: uriOf(securitySuite) ?? `${archive.replace(/\/+$/, '')}-security` };
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(word => word !== '');
}
