/** Two texts, or what is left of them. */
interface Rest {
  readonly before: Buffer;
  readonly after: Buffer;
  /** Lines that both have before that. */
  readonly skipped: number;
}

/**
 * Two texts from `context` lines before the first one in which they differ: what is the same in both need not be cut into lines to
 * find that out.
 */
export function skipCommon(before: Buffer, after: Buffer, context: number): Rest {
  let start = commonStart(before, after);
  for (let line = 0; line <= context && start > 0; line++) start = start < 2 ? 0 : before.lastIndexOf(10, start - 2) + 1;
  const skipped = before.toString('latin1', 0, start).split('\n').length - 1;
  return { before: before.subarray(start), after: after.subarray(start), skipped };
}

/** Bytes that both begin with. */
function commonStart(a: Buffer, b: Buffer): number {
  let same = 0;
  let most = Math.min(a.length, b.length);
  while (same < most) {
    const middle = Math.ceil((same + most) / 2);
    if (a.compare(b, same, middle, same, middle) === 0) same = middle;
    else most = middle - 1;
  }
  return same;
}
