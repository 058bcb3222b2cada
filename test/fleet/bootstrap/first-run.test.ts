import { describe, expect, it } from 'vitest';
import { runFirst } from '../../../src/fleet/bootstrap/first-run.ts';
import type { Finding, HostVerdict } from '../../../src/model/fleet.ts';
import type { Report } from '../../../src/model/report.ts';

const finding = (verdict: HostVerdict, planDigest = 'p'): Finding => ({
  verdict,
  message: `it says ${verdict}`,
  report: { planDigest } as Report,
});

async function first(check: HostVerdict, approved: string | undefined, applied: HostVerdict = 'converged') {
  const visits: string[] = [];
  const visit = async (action: 'check' | 'converge'): Promise<Finding> => {
    visits.push(action);
    return finding(action === 'check' ? check : applied);
  };
  return { end: await runFirst({ visit, approved }, () => undefined), visits };
}

describe('the first run', () => {
  it('changes nothing that nobody has agreed to', async () => {
    const { end, visits } = await first('upstreamPending', undefined);

    expect(visits).toEqual(['check']);
    expect(end).toMatchObject({ verdict: 'upstreamPending', hint: 'call it again and say yes, or give --yes' });
    expect(end.message).toBe('it says upstreamPending; not applied; the agent was not started');
  });

  it('applies the plan that was shown, and no other', async () => {
    const seen = await first('driftOnly', 'p');
    const other = await first('driftOnly', 'q');

    expect([seen.visits, seen.end.verdict]).toEqual([['check', 'converge'], 'converged']);
    expect([other.visits, other.end.verdict]).toEqual([['check'], 'driftOnly']);
    expect(other.end.message).toContain('it is not the plan that was shown');
  });

  it('applies whatever it is where nobody wants to be asked, and what changes nothing always', async () => {
    expect((await first('conflict', 'any')).visits).toEqual(['check', 'converge']);
    expect((await first('converged', undefined)).visits).toEqual(['check', 'converge']);
  });

  it('ends with what the host says when it refuses, or takes it back', async () => {
    const refused = await first('refused', 'any');
    const takenBack = await first('upstreamPending', 'any', 'rolledBack');

    expect([refused.visits, refused.end]).toMatchObject([['check'], { verdict: 'refused' }]);
    expect(takenBack.end).toMatchObject({ verdict: 'rolledBack', message: 'it says rolledBack; the agent was not started' });
  });
});
