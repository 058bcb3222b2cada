import { expect, it } from 'vitest';
import { printable, printableJson, printableLine } from '../../src/report/printable.ts';

it.each([
  ['\x1b[2J', '\\e[2J'],
  ['a\rb', 'a\\rb'],
  ['\0', '\\0'],
  ['\x9b31m', '\\u{9b}31m'],
  ['\u202egpj.exe', '\\u{202e}gpj.exe'],
  ['a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
  ['\ud800x', '\\u{d800}x'],
])('what a terminal would act on is written out: %j', (hostile, shown) => {
  expect(printable(hostile)).toBe(shown);
});

it('ordinary text of any script stays as it is', () => {
  const text = 'ä → ± 日本語 👩‍🚀'.replace('\u200d', '');

  expect(printable(`${text}\n\t${text}`)).toBe(`${text}\n\t${text}`);
});

it('JSON means the same, and shows nothing that a terminal would act on', () => {
  const value = { a: '\x1b[2J\x9b31m\u202egpj\u200b\n日本語' };

  const json = printableJson(JSON.stringify(value, null, 2));

  expect(json).not.toMatch(/[\x9b\u202e\u200b]/);
  expect(json).toContain('日本語');
  expect(JSON.parse(json)).toEqual(value);
});

it('text that must stay on its line loses its newlines too', () => {
  expect(printableLine('a\n\tb')).toBe('a\\n\\tb');
});
