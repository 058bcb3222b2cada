const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s` in milliseconds. The text must have the form that `duration` in document.ts checks. */
export function milliseconds(duration: string): number {
  const [, count = '0', unit = 'ms'] = /^(\d+)(ms|s|m|h|d)$/.exec(duration) ?? [];
  return Number(count) * (units[unit] ?? 1);
}
