import { describe, expect, it } from 'vitest';
import { plain } from '../../src/report/paint.ts';
import { renderStatus } from '../../src/report/render-status.ts';
import { aStatus } from '../support/agent-port.ts';

describe('the status for people', () => {
  it('says where the host stands', () => {
    expect(renderStatus(aStatus({ missedHooks: 0 }), plain)).toBe(`allegro is idle; version 1.2.3, up since 2026-11-20 11:00:00Z
  revision   cccccccc (main)
  verified   2026-11-20 12:00:30Z
  last run   20261120T120000Z-aaaa at 2026-11-20 12:00:00Z: Applied and verified
  fetched    2026-11-20 12:00:29Z from https://git.example/fleet/config.git
  next pass  2026-11-20 12:05:30Z
`);
  });

  it('says what the health checks said, and when', () => {
    const at = '2026-11-20T14:00:00.000Z';

    expect(renderStatus(aStatus({ health: { at, checks: 2 } }), plain)).toContain(
      '\n  health     good at 2026-11-20 14:00:00Z\n',
    );
    expect(renderStatus(aStatus({ health: { at, checks: 2, failure: 'health check failed: own: tcp 22' } }), plain)).toContain(
      '\n  health     health check failed: own: tcp 22, at 2026-11-20 14:00:00Z\n',
    );
  });

  it('says so when nothing was applied yet', () => {
    const status = aStatus({
      revision: { applied: null, seen: 'd'.repeat(40), branch: null },
      last: null,
      lastSuccess: null,
      fetch: null,
      nextPass: null,
    });

    expect(renderStatus(status, plain)).toContain(
      'revision   none was applied yet\n  seen       dddddddd, not applied yet\n  verified   never\n',
    );
  });

  it('names everything that somebody should look at, and what to do', () => {
    const later = '2026-11-20T14:00:00.000Z';
    const status = aStatus({
      fetch: { at: later, ok: false, remote: null, message: 'git.example does not resolve' },
      retry: { commit: 'd'.repeat(40), failures: 1, next: later },
      updateTakenBack: { version: '0.2.0-abc', at: later },
      suspended: { reason: 'disk\nswap', by: 'alice', until: later },
      windowClosed: true,
      approval: { run: 'run-7', reason: '12 files are deleted', planDigest: 'x', expires: later },
      contested: ['file[/etc/motd]'],
      stalled: 'the same plan three times',
      differing: 1,
    });

    const text = renderStatus(status, plain);

    expect(text.split('\n').slice(5, -1)).toEqual([
      '  offline    git.example does not resolve, at 2026-11-20 14:00:00Z; the last good revision is kept',
      '  retry      dddddddd failed once; again at 2026-11-20 14:00:00Z',
      '  stalled    the same plan three times',
      '  update     version 0.2.0-abc was taken back at 2026-11-20 14:00:00Z: it did not confirm itself; install another one',
      '  suspended  until 2026-11-20 14:00:00Z by alice: disk\\nswap',
      '  window     closed: changes wait for the next maintenance window',
      '  approval   12 files are deleted; reconcile approve run-7, until 2026-11-20 14:00:00Z',
      '  contested  file[/etc/motd]; somebody else keeps changing this',
      '  differing  1 resource is only reported',
      '  hooks      a poll found 2 new revisions first',
    ]);
  });

  it('says that no pass can be made, why, and what to do', () => {
    const last = {
      run: '',
      outcome: 'error',
      summary: 'state.db is empty',
      at: '2026-11-20T14:00:00.000Z',
      hint: 'restore it',
    } as const;
    const text = renderStatus(aStatus({ last, stalled: '2 passes in a row could not be made' }), plain);

    expect(text).toContain('  no pass    state.db is empty, at 2026-11-20 14:00:00Z; restore it\n');
    expect(text).not.toContain('last run');
    expect(text).not.toContain('stalled');
  });

  it('says which remotes are out, and that a revision is in quarantine', () => {
    const { fetch } = aStatus({});
    const status = aStatus({
      missedHooks: 0,
      fetch: { ...fetch!, passedOver: 'https://git.example/a.git: it asks for a login (401)' },
      quarantine: { commit: 'd'.repeat(40), reason: 'taken back by ada' },
    });

    expect(renderStatus(status, plain).split('\n').slice(6, -1)).toEqual([
      '  remotes    https://git.example/a.git: it asks for a login (401); a later one is used',
      '  quarantine dddddddd: taken back by ada; reconcile release tries it again',
    ]);
  });

  it('asks nobody to approve what is approved', () => {
    const expires = '2026-11-20T14:00:00.000Z';
    const approval = { run: 'run-7', reason: '12 files are deleted', planDigest: 'x', expires, approved: true as const };

    expect(renderStatus(aStatus({ approval }), plain)).toContain(
      '  approval   12 files are deleted; approved, and done when nothing else keeps it away, until 2026-11-20 14:00:00Z\n',
    );
  });

  it('says what is wrong with the newest revision, and the way out', () => {
    const fetch = { at: '2026-11-20T14:00:00.000Z', ok: false, remote: 'https://git.example/c.git', message: 'not on top of c' };
    const shown = (state: 'refused' | 'behind'): string =>
      renderStatus(aStatus({ fetch: { ...fetch, state, hint: 'reconcile trust reset --to d' } }), plain);

    for (const state of ['refused', 'behind'] as const)
      expect(shown(state)).toContain(
        `  ${state.padEnd(10)} not on top of c, at 2026-11-20 14:00:00Z; the last good revision is kept; reconcile trust reset --to d\n`,
      );
  });
});
