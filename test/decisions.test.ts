import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';

const index = 'src/decisions/README.md';
const records = globSync('src/decisions/[0-9]*.md').sort();

const line = (file: string): string => {
  const [, number, title] = /^# (\d{4}) (.+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  return `- [${number}](${basename(file)}) ${title}`;
};

describe('the records of decisions', () => {
  it('are listed in their index, one line each (UPDATE=1 rewrites it)', () => {
    const head = '# Decisions\n\nWhat was decided, why, and what was left alone. Later records win over earlier ones.\n';
    const expected = `${head}\n${records.map(line).join('\n')}\n`;
    if (process.env['UPDATE'] === '1') writeFileSync(index, expected);

    expect(readFileSync(index, 'utf8')).toBe(expected);
  });

  it.each(records)('%s has its number, its title and the five sections on one page', (file) => {
    const text = readFileSync(file, 'utf8');

    expect(/^# (\d{4}) /.exec(text)?.[1]).toBe(basename(file).slice(0, 4));
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual([
      'Context',
      'Decision',
      'Alternatives rejected',
      'Consequences',
      'Non-goals',
    ]);
    expect(text.split('\n').length).toBeLessThanOrEqual(33);
  });

  it('exist when the code refers to them', () => {
    const numbers = globSync('src/**/*.ts').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/(?:ADR |decisions\/)(\d{4})/g)].map(([, number]) => number!),
    );

    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers.filter((number) => !records.some((file) => basename(file).startsWith(number)))).toEqual([]);
  });
});
