/** Two texts, or what is left of them. */
interface Rest {
  readonly before: Buffer;
  readonly after: Buffer;
  /** Lines that both have before that. */
  readonly skipped: number;
  /** The same from there on to the end of both texts. */
  whole(): readonly [before: Buffer, after: Buffer];
  /** Whether something was left out after it. */
  readonly isCut: boolean;
}

/**
 * Two texts from `context` lines before the first one in which they differ to as many after the last one: what is the same in both
 * need not be cut into lines to find that out.
 */
export function skipCommon(before: Buffer, after: Buffer, context: number): Rest {
  const differs = commonStart(before, after);
  let start = differs;
  for (let line = 0; line <= context && start > 0; line++) start = start < 2 ? 0 : before.lastIndexOf(10, start - 2) + 1;
  const skipped = before.toString('latin1', 0, start).split('\n').length - 1;
  const tail = commonEnd(before.subarray(differs), after.subarray(differs));
  let end = before.length - tail;
  for (let line = 0; line <= context && end < before.length; line++) end = before.indexOf(10, end) + 1 || before.length;
  const left = before.length - end;
  return {
    before: before.subarray(start, end),
    after: after.subarray(start, after.length - left),
    skipped,
    whole: () => [before.subarray(start), after.subarray(start)],
    isCut: left > 0,
  };
}

/** Bytes that both begin with. */
const commonStart = (a: Buffer, b: Buffer): number => commonLength(a, b, (from, to) => a.compare(b, from, to, from, to) === 0);

/** Bytes that both end with. */
const commonEnd = (a: Buffer, b: Buffer): number =>
  commonLength(a, b, (from, to) => a.compare(b, b.length - to, b.length - from, a.length - to, a.length - from) === 0);

/** `areSame`: for a range that is counted from where both begin or end. */
function commonLength(a: Buffer, b: Buffer, areSame: (from: number, to: number) => boolean): number {
  let same = 0;
  let most = Math.min(a.length, b.length);
  while (same < most) {
    const middle = Math.ceil((same + most) / 2);
    if (areSame(same, middle)) same = middle;
    else most = middle - 1;
  }
  return same;
}
