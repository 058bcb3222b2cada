import type { Report } from '../../model/report.ts';

/** Those who ask while it is being made get the same one: a check reads every managed file. */
export function sharedCheck(make: () => Promise<Report>): () => Promise<Report> {
  let current: Promise<Report> | undefined;
  return () =>
    (current ??= make().finally(() => {
      current = undefined;
    }));
}
