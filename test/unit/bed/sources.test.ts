import { describe, expect, test } from 'vitest';
import { findMirror, parseDeb822, parseList, parseStanzas } from '../../bed/sources.ts';

describe('apt sources', () => {
  test('apt sources are read from lines, without comments, options and sources of source packages', () => {
    const text = [
      '# deb http://commented.example/debian bookworm main',
      'deb http://mirror.example/debian bookworm main contrib # a remark',
      'deb-src http://mirror.example/debian bookworm main',
      'deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://other.example/apt stable main',
      '',
    ].join('\n');
    expect(parseList(text)).toEqual([
      { uris: ['http://mirror.example/debian'], suites: ['bookworm'], components: ['main', 'contrib'] },
      { uris: ['https://other.example/apt'], suites: ['stable'], components: ['main'] },
    ]);
  });

  test('apt sources are read from deb822 stanzas, without those that are disabled', () => {
    const text = [
      'Types: deb deb-src',
      '# a remark within',
      'URIs: http://mirror.example/debian',
      'Suites: bookworm',
      ' bookworm-updates',
      'Components: main',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' mQINBFxxxxx',
      '',
      'Types: deb-src',
      'URIs: http://sources.example/debian',
      'Suites: bookworm',
      'Components: main',
      '',
      'Enabled: no',
      'Types: deb',
      'URIs: http://off.example/debian',
      'Suites: sid',
      'Components: main',
    ].join('\n');
    expect(parseDeb822(text)).toEqual([
      {
        uris: ['http://mirror.example/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main'],
      },
    ]);
  });

  test('a stanza may hold a value with a colon and end without a newline', () => {
    expect(parseStanzas('A: b:c\n\n\nD: e').map(stanza => Object.fromEntries(stanza))).toEqual([
      { a: 'b:c' },
      { d: 'e' },
    ]);
  });
});

describe('the Debian mirror', () => {
  const source = (uri: string, suite: string, component = 'main') => ({
    uris: [uri],
    suites: [suite],
    components: [component],
  });

  test('the Debian mirror is the archive and the security archive, not those of other vendors', () => {
    const sources = [
      source('https://deb.vendor.example/node_20.x', 'nodistro'),
      source('http://security.example/', 'bookworm-security'),
      source('http://mirror.example/debian', 'bookworm'),
    ];
    expect(findMirror(sources)).toEqual({
      archive: 'http://mirror.example/debian',
      security: 'http://security.example/',
    });
  });

  test('a security archive that no source names is taken to lie beside the archive', () => {
    expect(findMirror([source('http://mirror.example/debian/', 'trixie')])?.security).toBe(
      'http://mirror.example/debian-security',
    );
  });

  test('a Debian mirror is found neither on another distribution nor in a vendor’s archive', () => {
    expect(findMirror([source('http://archive.example/ubuntu', 'noble')])).toBeUndefined();
    expect(
      findMirror([source('https://download.vendor.example/linux/debian', 'bookworm', 'stable')]),
    ).toBeUndefined();
  });
});
