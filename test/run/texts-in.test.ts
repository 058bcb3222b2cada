import { expect, it } from 'vitest';
import { textsIn } from '../../src/run/texts-in.ts';

const joined = (bytes: Buffer): string => [...textsIn(bytes)].map(({ text }) => text).join('\n');
const utf16 = (text: string): Buffer => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);

it.each<[what: string, bytes: Buffer, text: string]>([
  ['a text', Buffer.from('a: ü\n'), 'a: ü\n'],
  ['a text with NULs', Buffer.from('a: an\0th\nb\0\0'), 'a: anth\nb'],
  ['a text of two bytes for each letter', utf16('a: word\nb: 2\n'), 'a: word\nb: 2\n'],
  ['the same the other way round', utf16('a: word\n').swap16(), 'a: word\n'],
  ['no text, the words in it', Buffer.from('\xff\xfeword\0\x01some words\x02\xff\0 more', 'latin1'), 'some words\n more'],
])('what can be read in %s is found', (_what, bytes, text) => {
  expect(joined(bytes)).toBe(text);
});

it('what is large comes in parts that share something and begin with a line', () => {
  const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index + 1}\n`);
  const bytes = Buffer.from(lines.join(''));

  const parts = [...textsIn(bytes)];

  expect(parts.length).toBe(3);
  for (const { text, line } of parts) {
    expect(text.length).toBeLessThanOrEqual(1024 ** 2);
    expect(text.startsWith(`line ${line}\n`)).toBe(true);
    expect(text.endsWith('\n')).toBe(true);
  }
  const [first = '', second = ''] = parts.map(({ text }) => text);
  expect(first).toContain(second.slice(0, 10_000));
});

it('parts of what has no lines miss nothing', () => {
  const bytes = Buffer.alloc(3 * 1024 ** 2, 'x');
  for (const place of [1024 ** 2, 2 * 1024 ** 2 - 64 * 1024, 2 * 1024 ** 2 - 100]) bytes.write('hidden', place - 3);

  const found = [...textsIn(bytes)].flatMap(({ text }) => [...text.matchAll(/hidden/g)]);

  expect(found.length).toBeGreaterThanOrEqual(3);
});
