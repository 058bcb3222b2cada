import { expect, it } from 'vitest';
import { compileGlob } from '../../src/model/glob.ts';

const matches = (glob: string, path: string): boolean => {
  const compiled = compileGlob(glob);
  return 'matches' in compiled && compiled.matches(path);
};

it.each(['\n', '\r', '\u2028'])('a name with a line break (%j) is matched like any other', (lineBreak) => {
  expect(matches('/etc/**', `/etc/a/b${lineBreak}c`)).toBe(true);
  expect(matches('/etc/*', `/etc/b${lineBreak}c`)).toBe(true);
  expect(matches('/etc/?', `/etc/${lineBreak}`)).toBe(true);
  expect(matches('/etc/b', `/etc/b${lineBreak}`)).toBe(false);
});
