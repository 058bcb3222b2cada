import fc from 'fast-check';
import { expect, it } from 'vitest';
import { reverseDiff } from '../../src/report/reverse-diff.ts';
import { unifiedDiff } from '../../src/report/unified-diff.ts';

const diff = (before: string | undefined, after: string | undefined): Promise<string> =>
  unifiedDiff(
    {
      path: '/etc/motd',
      before: before === undefined ? undefined : Buffer.from(before),
      after: after === undefined ? undefined : Buffer.from(after),
    },
    1_000,
  );

it.each([
  ['a change', 'a\nold\nb\n', 'a\nnew\nb\n'],
  ['a change of several places', 'one\n2\n3\n4\n5\n6\n7\n8\n9\nten\n', 'eins\n2\n3\n4\n5\n6\n7\n8\n9\nzehn\n'],
  ['a new file', undefined, 'a\nb\n'],
  ['a removed file', 'a\n', undefined],
  ['a missing final newline, before', 'a', 'a\n'],
  ['a missing final newline, after', 'a\n', 'a'],
  ['a missing final newline in both', 'a', 'b'],
])('%s the other way round is the diff of the other direction', async (_what, before, after) => {
  expect(reverseDiff(await diff(before, after))).toBe(await diff(after, before));
});

it('twice it is what it was', async () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '-', '+', '@@ -1 +1 @@', ''), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(text, text, async (before, after) => {
      const made = await diff(before.join('\n'), after.join('\n'));

      expect(reverseDiff(reverseDiff(made))).toBe(made);
    }),
    { numRuns: 300 },
  );
});

it.each([
  ['binary: 3 bytes → 4.0 KiB', 'binary: 4.0 KiB → 3 bytes'],
  ['binary: new, 2.9 KiB', 'binary: removed, 2.9 KiB'],
  ['too large to show: removed, 1 byte', 'too large to show: new, 1 byte'],
])('%s is %s the other way round', (text, other) => {
  expect([reverseDiff(text), reverseDiff(other)]).toEqual([other, text]);
});

it('what is no diff, and what was cut off, stays', async () => {
  expect(reverseDiff('same content')).toBe('same content');
  const long = await diff(undefined, 'x\n'.repeat(500));
  expect(reverseDiff(long)).toMatch(/^--- a\/etc\/motd\n\+\+\+ \/dev\/null\n@@ -1,500 \+0,0 @@\n(-x\n)+\.\.\. 400 more lines\n$/);
});
