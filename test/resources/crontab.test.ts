import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEntry, removeEntry, restoreEntry, setEntry } from '../../src/resources/crontab.ts';

const runs = process.env['LONG'] ? 100_000 : 3_000;

const block = (name: string, line: string): string => `# reconcile: ${name}\n${line}\n# reconcile end: ${name}\n`;

const foreignLine = fc.oneof(
  fc.constantFrom(
    '',
    '# m h dom mon dow command',
    'MAILTO="ops@example.org"',
    'PATH=/usr/bin:/bin',
    '*/5 * * * * /opt/backup --all',
    '@reboot /opt/start',
    '0 4 * * 1-5\troot\t/opt/x % input',
    'this is not a cron line',
    '# reconcile',
    '# reconcile: two words',
    '#reconciled: x',
    '# reconcile: someone-else',
    '# reconcile end: someone-else',
    '# ends with a backslash \\',
    '   ',
  ),
  fc
    .array(fc.integer({ min: 1, max: 255 }), { maxLength: 40 })
    .map((bytes) => String.fromCharCode(...bytes).replaceAll('\n', ' ')),
);
const foreignCrontab = fc.array(fc.tuple(foreignLine, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 12 }).chain((lines) =>
  fc.boolean().map((isComplete) => {
    const text = lines.map(([line, end]) => line + end).join('');
    return isComplete ? text : text.replace(/\r?\n$/, '');
  }),
);

describe('a crontab entry', () => {
  it('stands between two comments after the foreign lines', () => {
    expect(setEntry('# mine\n1 1 1 1 1 x\n', 'deadman', '0 * * * * y')).toBe(
      `# mine\n1 1 1 1 1 x\n${block('deadman', '0 * * * * y')}`,
    );
  });

  it('stands before a last line that lacks its line end', () => {
    expect(setEntry('A=1\n1 1 1 1 1 x', 'a', 'y')).toBe(`A=1\n${block('a', 'y')}1 1 1 1 1 x`);
  });

  it('is replaced in place', () => {
    const text = `a\n${block('x', 'old')}b\n`;

    expect(setEntry(text, 'x', 'new')).toBe(`a\n${block('x', 'new')}b\n`);
  });

  it('is found by its markers after the job line was edited, commented out or deleted', () => {
    for (const inside of ['*/9 * * * * edited\n', '# 0 * * * * y\n', '', 'one\ntwo\n']) {
      const text = `# reconcile: x\n${inside}# reconcile end: x\n0 0 * * * foreign\n`;

      expect(readEntry(text, 'x')?.lines).toEqual(inside.split('\n').slice(0, -1));
      expect(setEntry(text, 'x', 'y')).toBe(`${block('x', 'y')}0 0 * * * foreign\n`);
      expect(removeEntry(text, 'x')).toBe('0 0 * * * foreign\n');
    }
  });

  it('is found with CRLF line ends and without the last one', () => {
    const text = 'a\r\n# reconcile: x\r\n0 * * * * y\r\n# reconcile end: x';

    expect(readEntry(text, 'x')?.lines).toEqual(['0 * * * * y\r']);
    expect(removeEntry(text, 'x')).toBe('a\r\n');
  });

  it('is not taken for one whose name begins alike', () => {
    const text = block('backup-all', 'y');

    expect(readEntry(text, 'backup')).toBeUndefined();
    expect(removeEntry(text, 'backup')).toBe(text);
  });

  it.each([
    ['no end', '# reconcile: x\n0 * * * * y\n0 0 * * * foreign\n'],
    ['no begin', '0 * * * * y\n# reconcile end: x\n'],
    ['the end first', '# reconcile end: x\n# reconcile: x\n'],
    ['another entry inside', `# reconcile: x\n${block('y', 'z')}# reconcile end: x\n`],
    ['a copy', block('x', 'a') + block('x', 'a')],
  ])('is refused as damaged with %s, so that nothing is guessed', (_what, text) => {
    for (const act of [readEntry, removeEntry, setEntry])
      expect(() => act(text, 'x', 'new')).toThrow('entry "x" of the crontab is damaged');
  });

  it('is refused in a text with a NUL', () => {
    expect(() => readEntry('a\0b\n', 'x')).toThrow('NUL');
  });
});

describe('every generated foreign crontab', { timeout: 300_000 }, () => {
  it('is byte-equal after set and remove, and keeps every byte through set', () => {
    fc.assert(
      fc.property(foreignCrontab, (text) => {
        const written = setEntry(text, 'deadman', '*/5 * * * * /opt/deadman');
        const entry = readEntry(written, 'deadman');
        const [above, below] = written.split(entry?.raw ?? '\0');

        expect(entry?.lines).toEqual(['*/5 * * * * /opt/deadman']);
        expect(`${above}${below}`).toBe(text);
        expect(above === '' || above?.endsWith('\n')).toBe(true);
        expect(setEntry(written, 'deadman', '*/5 * * * * /opt/deadman')).toBe(written);
        expect(removeEntry(written, 'deadman')).toBe(text);
      }),
      { numRuns: runs, seed: 20261120 },
    );
  });

  it('gets entries back exactly where they stood, in whatever order they return', () => {
    const names = ['a', 'b', 'c', 'd'];
    const parts = fc.array(
      foreignCrontab.filter((text) => !text.includes('someone-else')),
      { minLength: 5, maxLength: 5 },
    );
    const orders = fc.tuple(fc.shuffledSubarray(names), fc.shuffledSubarray(names, { minLength: 4 }));
    fc.assert(
      fc.property(parts, orders, ([first = '', ...rest], [changed, order]) => {
        const complete = (part: string): string => (part === '' || part.endsWith('\n') ? part : `${part}\n`);
        const text =
          complete(first) +
          names
            .map((name, index) => block(name, `line of ${name}`) + (index < 3 ? complete(rest[index] ?? '') : rest[index]))
            .join('');
        const saved = new Map(names.map((name) => [name, readEntry(text, name)]));

        let now = changed.reduce((all, name, index) => (index % 2 ? setEntry(all, name, 'new') : removeEntry(all, name)), text);
        for (const name of order) {
          const entry = saved.get(name);
          now = entry ? restoreEntry(now, name, entry) : removeEntry(now, name);
        }

        expect(now).toBe(text);
      }),
      { numRuns: Math.ceil(runs / 3), seed: 20261120 },
    );
  });
});

describe('restoreEntry', () => {
  it('keeps foreign edits that were made meanwhile', () => {
    const entry = readEntry(`one\n${block('x', 'old')}two\n`, 'x');

    expect(entry && restoreEntry(`one\nadded\n${block('x', 'new')}`, 'x', entry)).toBe(`one\n${block('x', 'old')}added\n`);
    expect(entry && restoreEntry('', 'x', entry)).toBe(block('x', 'old'));
    expect(entry && restoreEntry('no line end', 'x', entry)).toBe(`${block('x', 'old')}no line end`);
  });
});
