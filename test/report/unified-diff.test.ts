import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDiffer, unifiedDiff } from '../../src/report/unified-diff.ts';
import { processorTime } from '../support/processor-time.ts';

const diff = (before: string | Buffer | undefined, after: string | Buffer | undefined): Promise<string> =>
  unifiedDiff(
    {
      path: '/etc/motd',
      before: before === undefined ? undefined : Buffer.from(before),
      after: after === undefined ? undefined : Buffer.from(after),
    },
    500,
  );

describe('a unified diff', () => {
  it('shows three lines of context around a change', async () => {
    const lines = Array.from({ length: 9 }, (_, index) => `line ${index + 1}`);
    const changed = lines.with(4, 'changed');

    expect(await diff(`${lines.join('\n')}\n`, `${changed.join('\n')}\n`)).toBe(
      '--- a/etc/motd\n+++ b/etc/motd\n@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+changed\n line 6\n line 7\n line 8\n',
    );
  });

  it('tells a missing final newline', async () => {
    expect(await diff('a\n', 'a')).toContain('-a\n+a\n\\ No newline at end of file\n');
    expect(await diff(undefined, 'a')).toBe('--- /dev/null\n+++ b/etc/motd\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n');
  });

  it('names /dev/null for a file that is created or removed', async () => {
    expect(await diff(undefined, 'a\nb\n')).toBe('--- /dev/null\n+++ b/etc/motd\n@@ -0,0 +1,2 @@\n+a\n+b\n');
    expect(await diff('a\nb\n', undefined)).toBe('--- a/etc/motd\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n');
  });

  it('turns the old text into the new one when patch applies it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'diff-'));
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '', '-x', '+y', '@@ z'), { maxLength: 12 })
      .map((lines) => lines.join('\n'));
    try {
      await fc.assert(
        fc.asyncProperty(text, text, text, text, async (head, old, young, tail) => {
          const [before, after] = [`${head}\n${old}\n${tail}`, `${head}\n${young}\n${tail}`];
          fc.pre(before !== after);
          const file = join(directory, 'f');
          writeFileSync(file, before);
          execFileSync('patch', ['--silent', '--no-backup-if-mismatch', file], { input: await diff(before, after) });
          expect(readFileSync(file, 'utf8')).toBe(after);
        }),
        // Lines that repeat: the change may be told among what both end with.
        { numRuns: 60, examples: [['a\na', 'a\na', 'a\n-x\n@@ z', '-x\n@@ z\n-x\na']] },
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('in the place of a diff stands a sentence', () => {
  it.each([
    ['binary by a NUL', Buffer.from([1, 0, 2]), Buffer.from('text'), 'binary: 3 bytes → 4 bytes'],
    ['binary by invalid UTF-8', Buffer.from([0xff, 0xfe]), undefined, 'binary: removed, 2 bytes'],
    ['over 256 KiB', undefined, Buffer.alloc(256 * 1024 + 1, 'x'), 'too large to show: new, 256.0 KiB'],
    ['without a difference', Buffer.from('same'), Buffer.from('same'), 'same content'],
  ])('for contents that are %s', async (_why, before, after, sentence) => {
    expect(await diff(before, after)).toBe(sentence);
  });

  it('when the time is over: two texts without a common line are not compared to the end', async () => {
    const [before, after] = ['a', 'b'].map((word) => Array.from({ length: 20_000 }, (_, index) => `${word}${index}`).join('\n'));
    const started = processorTime();

    const text = await unifiedDiff({ path: '/x', before: Buffer.from(before!), after: Buffer.from(after!) }, 50);

    expect(text).toContain('too different to show in time');
    expect(processorTime() - started).toBeLessThan(2_000);
  });
});

describe('the diffs of one run', () => {
  const preview = { path: '/x', before: Buffer.from('old\n'), after: Buffer.from('new\n') };

  it('end once their common limit is used up', async () => {
    const differ = openDiffer({ time: 1_000, text: 10 });

    expect((await differ(preview))?.text).toContain('+new');
    expect(await differ(preview)).toBeUndefined();
  });

  it('are cut when one is very long', async () => {
    const long = { path: '/x', before: undefined, after: Buffer.from('line\n'.repeat(1_000)) };

    expect((await openDiffer()(long))?.text).toContain('... 900 more lines');
  });
});
