import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../../src/fleet/ssh/command-line.ts';

const words = [
  '\\',
  '\\\\',
  "\\'",
  "'\\''",
  '\\n',
  'a\\b',
  "it's",
  '$HOME `id` $(id)',
  'a\nb\tc',
  '*',
  '',
  ';&|<>',
  '"',
  '!x',
  '~',
  '{a,b}',
];

describe.each(['sh', 'bash', 'fish'])('the line for %s', (shell) => {
  it.skipIf(spawnSync(shell, ['-c', 'true']).status !== 0)('has every word as it was, whatever it holds', () => {
    const line = commandLine(['printf', '<%s>\\0', ...words]);

    expect(spawnSync(shell, ['-c', line], { encoding: 'utf8' }).stdout).toBe(words.map((word) => `<${word}>\0`).join(''));
  });
});
