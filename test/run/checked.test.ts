import { describe, expect, it } from 'vitest';
import { checked, refusal } from '../../src/run/outcomes.ts';
import type { PlannedHost } from '../../src/run/plan-host.ts';
import { startRun } from '../../src/run/start-run.ts';

const revision = { commit: null, branch: null, workingTree: true, key: 'k' };
const planned = { plan: { steps: [], owed: [], digest: 'd' }, steps: [] } as unknown as PlannedHost;
const run = startRun({ action: 'check', root: undefined }, revision, 'box', 0, (told) =>
  JSON.parse(JSON.stringify(told).replaceAll('hunter2', '<secret>')),
);

describe('a check that asks for health', () => {
  it('is an error when a role is not well, and tells no secret that its check has printed', () => {
    const health = [
      { name: 'web: tcp', ok: true },
      { name: 'web: command probe', ok: false, message: 'exit 1: no hunter2' },
    ];

    const report = checked(run, planned, undefined, health);

    expect(report).toMatchObject({ outcome: 'error', exit: 1, health: [health[0], { message: 'exit 1: no <secret>' }] });
    expect(report.summary).toBe(
      'health check failed: web: command probe: exit 1: no <secret>; Converged: 0 resources, nothing to do',
    );
  });

  it('is what it would be without where all are well', () => {
    const health = [{ name: 'web: tcp', ok: true }];

    expect(checked(run, planned, undefined, health)).toMatchObject({ outcome: 'converged', exit: 0, health });
  });
});

describe('a refusal', () => {
  const hint = 'push a revision that supersedes it, or try it again after `reconcile release`';
  const problem = { code: 'quarantined', message: 'this revision failed here', hint } as const;

  it('for one problem says which, and what to do', () => {
    expect(refusal(run, [problem]).summary).toBe(`Refused: this revision failed here; ${hint}; nothing was written`);
  });

  it('says it in bounds, and shows not even a part of a secret', () => {
    const { summary } = refusal(run, [{ ...problem, message: `${'x'.repeat(195)}hunter2${'y'.repeat(10_000)}` }]);

    expect(summary.length).toBeLessThan(400);
    expect(summary).not.toContain('hun');
    expect(summary).toContain('`reconcile release`');
  });

  it('for several counts them', () => {
    expect(refusal(run, [problem, problem]).summary).toBe('Refused: 2 problems; nothing was written');
  });
});
