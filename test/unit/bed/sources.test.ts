import { describe, expect, test } from 'vitest';
import { findMirror, parseDeb822, parseList, parseStanzas } from '../../bed/sources.ts';

describe('apt sources', () => {
  test('one line each', () => {
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

  test('deb822 stanzas, those that are off left out', () => {
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

  test('a value with a colon, and text without a last newline', () => {
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

  test('archive and security archive, other vendors aside', () => {
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

  test('a security archive that is not named lies beside the other', () => {
    expect(findMirror([source('http://mirror.example/debian/', 'trixie')])?.security).toBe(
      'http://mirror.example/debian-security',
    );
  });

  test('none on another distribution, nor where a vendor calls its suite stable', () => {
    expect(findMirror([source('http://archive.example/ubuntu', 'noble')])).toBeUndefined();
    expect(
      findMirror([source('https://download.vendor.example/linux/debian', 'bookworm', 'stable')]),
    ).toBeUndefined();
  });
});
