const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. A timer that is set for longer ends at once. */
export const longestTimer = 2 ** 31 - 1;

/** `30s` in milliseconds. The text must have the form that `duration` in document.ts checks. */
export function milliseconds(duration: string): number {
  const [, count = '0', unit = 'ms'] = /^(\d+)(ms|s|m|h|d)$/.exec(duration) ?? [];
  return Number(count) * (units[unit] ?? 1);
}

/** Milliseconds as the configuration says them, in the largest unit that fits. */
export function durationText(span: number): string {
  const [unit, length] = Object.entries(units).findLast(([, each]) => span > 0 && span % each === 0) ?? ['ms', 1];
  return `${span / length}${unit}`;
}
