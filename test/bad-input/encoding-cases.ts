import { badCase, type BadCase } from './bad-case.ts';

const bytes = (name: string, expected: string, content: Uint8Array): BadCase => {
  const path = `roles/${name.replaceAll(' ', '-')}/role.yaml`;
  const [code = '', at = ''] = expected.split(' ');
  return { name, files: { [path]: content }, expected: [`${code} ${path}:${at}`] };
};
const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le');

/** Bytes that are no UTF-8 text, and files that are too large. */
export const encodingCases: readonly BadCase[] = [
  bytes('a lone continuation byte', 'not-utf8 2:4', Buffer.from('summary: x\na: \x80\n', 'latin1')),
  bytes('Latin 1', 'not-utf8 1:12', Buffer.from('summary: Gr\u00fc\u00dfe\n', 'latin1')),
  bytes('an overlong slash', 'not-utf8 1:10', Buffer.from([...Buffer.from('summary: '), 0xc0, 0xaf])),
  bytes('half of a surrogate pair', 'not-utf8 1:10', Buffer.from([...Buffer.from('summary: '), 0xed, 0xa0, 0x80])),
  bytes('a cut character at the end', 'not-utf8 1:11', Buffer.from([...Buffer.from('summary: x'), 0xe2, 0x82])),
  bytes('a code point beyond Unicode', 'not-utf8 1:10', Buffer.from([...Buffer.from('summary: '), 0xf5, 0x80, 0x80, 0x80])),
  bytes('UTF-16 with a byte order mark', 'not-utf8 1:1', utf16('summary: x\n')),
  bytes('UTF-16 without a byte order mark', 'not-utf8 1:2', utf16('summary: x\n').subarray(2)),
  bytes('only NUL', 'not-utf8 1:1', Buffer.alloc(100)),
  bytes('a gzip file', 'not-utf8 1:2', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0])),
  bytes('more than 1 MiB', 'too-large 1:1', Buffer.from(`summary: x\n${'#'.repeat(1_048_576)}`)),
  bytes('20 MiB', 'too-large 1:1', Buffer.alloc(20 * 1_048_576, 0x20)),
  ...(
    [
      ['a NUL in a value', 'not-utf8', '\0'],
      ['a bell', 'yaml-syntax', '\x07'],
      ['an escape character', 'yaml-syntax', '\x1b[31m'],
      ['a start of text', 'yaml-syntax', '\x02'],
      ['a unit separator', 'yaml-syntax', '\x1f'],
      ['a delete character', 'yaml-syntax', '\x7f'],
      ['a C1 control character', 'yaml-syntax', '\x9b'],
      ['a carriage return alone', 'yaml-syntax', '\ry: 1'],
      ['a non-character', 'yaml-syntax', '\uFFFE'],
    ] as const
  ).map(([name, code, text]) =>
    badCase(name, code, { [`roles/${name.replaceAll(' ', '-')}/role.yaml`]: `summary: |\n  first\n  x¦${text}\n` }),
  ),
];
