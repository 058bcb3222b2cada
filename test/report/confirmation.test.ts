import { describe, expect, it } from 'vitest';
import type { Confirmation } from '../../src/model/unconfirmed.ts';
import { plain } from '../../src/report/paint.ts';
import { renderStatus } from '../../src/report/render-status.ts';
import { renderClosing } from '../../src/report/render-text.ts';
import { reportSchema } from '../../src/report/report-schema.ts';
import { statusSchema } from '../../src/report/status-schema.ts';
import { reportWith } from './report-fixture.ts';
import { statusWith } from './status-fixture.ts';

const waiting: Confirmation = {
  run: '20261120T080000Z-1a2b',
  state: 'waiting',
  by: 'person',
  because: ['firewall[ufw]'],
  until: '2026-11-20T08:02:00.000Z',
};
const closing = (confirmation: Confirmation): string => renderClosing(reportWith({ confirmation }), plain).split('\n').at(-2)!;

describe('what people read of a change that could cut the host off', () => {
  it('is until when and how it can be kept', () => {
    const what = 'firewall[ufw] of run 20261120T080000Z-1a2b';
    expect(closing(waiting)).toBe(
      `${what} can cut this host off: taken back at 08:02:00Z unless you say \`reconcile confirm\` over a NEW connection`,
    );
    expect(closing({ ...waiting, by: 'remote' })).toMatch(/taken back at 08:02:00Z unless the remote is reached$/);
  });

  it('is what became of it', () => {
    expect(closing({ ...waiting, state: 'confirmed' })).toMatch(/was confirmed$/);
    expect(closing({ ...waiting, state: 'taken-back' })).toMatch(/was not confirmed, and was taken back$/);
  });

  it('is in the status of the agent', () => {
    expect(renderStatus(statusWith({ unconfirmed: waiting }), plain)).toContain(
      'run 20261120T080000Z-1a2b waits until 2026-11-20 08:02:00Z; reconcile confirm 20261120T080000Z-1a2b',
    );
  });

  it('is in the schemas of reports and of the status', () => {
    expect(reportSchema.safeParse(reportWith({ confirmation: waiting })).success).toBe(true);
    expect(statusSchema.safeParse(statusWith({ unconfirmed: waiting })).success).toBe(true);
    expect(reportSchema.safeParse(reportWith({ confirmation: { ...waiting, until: 'soon' } })).success).toBe(false);
  });
});
