import { digestOf } from './json.ts';
import type { Report } from './report.ts';

/**
 * Equal where the same went wrong, whatever the words: what programs say has process ids and times in it. What else was put back is none
 * of it, for that depends on the order of the run.
 */
export const failureKey = ({ outcome, revision, problems, refreshes, health, steps }: Report): string =>
  digestOf({
    outcome,
    commit: revision.commit,
    problems: problems.map(({ code, at, address }) => ({ code, at, address })),
    checks: [...refreshes, ...health].filter(({ ok }) => !ok).map(({ name }) => name),
    failed: steps.filter((step) => step.outcome === 'failed').map(({ address }) => address),
  });
