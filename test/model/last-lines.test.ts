import { expect, it } from 'vitest';
import { lastLines } from '../../src/model/last-lines.ts';

it('gives the last five lines', () => {
  expect(lastLines('1\n2\n3\n4\n5\n6\n')).toBe('2\n3\n4\n5\n6');
  expect(lastLines('')).toBe('');
});

it('is bounded, and leaves no part of a word that was cut', () => {
  expect(lastLines(`${'canary'.repeat(200)} end`)).toBe('... end');
  expect(lastLines('canary'.repeat(200_000))).toBe('...');
});
