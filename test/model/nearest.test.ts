import { expect, it } from 'vitest';
import { nearest } from '../../src/model/nearest.ts';

it.each([
  ['ownr', ['owner', 'mode'], 'owner'],
  ['paht', ['path', 'mode'], 'path'],
  ['hermes_hme', ['hermes_home', 'home'], 'hermes_home'],
  ['MODE', ['mode'], 'mode'],
  ['x', ['y', 'z'], undefined],
  ['colour', ['banana', 'path'], undefined],
  ['mode', ['mode'], undefined],
  ['', ['a'], undefined],
  ['a'.repeat(65), ['a'.repeat(64)], undefined],
])('the word nearest to "%s" among %j is %s', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});
