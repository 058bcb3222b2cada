import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../src/model/agent.ts';
import type { ProblemCode } from '../../src/model/problem.ts';
import type { Report } from '../../src/model/report.ts';
import { stepWith } from '../report/report-fixture.ts';
import { commitOf, ended, openGiteaRig, type GiteaRig } from './gitea-rig.ts';
import { statusWith } from '../report/status-fixture.ts';

const bad = commitOf('b');
const good = commitOf('6');
const fixed = commitOf('f');

let rig: GiteaRig;
beforeEach(async () => void (rig = await openGiteaRig()));
afterEach(() => rig[Symbol.asyncDispose]());

const tell = (commit: string, report: Partial<Report>, status: Partial<AgentStatus> = {}) =>
  rig.tell(ended(commit, report, status), { statuses: false });
const newest = (seen: string | null): Partial<AgentStatus> => ({ revision: { applied: good, seen, branch: 'main' } });
const drift = (outcome: 'held' | 'pending') => ({ steps: [stepWith({ cause: 'drift', outcome })] });
const refused = (code: ProblemCode): Partial<Report> => ({ outcome: 'refused', problems: [{ code, message: 'm' }] });
const state = () => rig.gitea.issues[0]?.state;

describe('a revision that failed', () => {
  it('stays the trouble while the host is kept at the last good one, and until it is superseded', async () => {
    await tell(bad, { outcome: 'rolledBack' }, newest(bad));
    await tell(good, {}, newest(bad));
    await tell(good, refused('quarantined'), newest(bad));
    await tell(good, {}, newest(null));
    expect(state()).toBe('open');
    expect(rig.gitea.comments).toEqual([]);
    await tell(fixed, {}, newest(fixed));

    expect(state()).toBe('closed');
  });

  it.each([
    ['when it is applied after all', bad],
    ['when it is, also while a newer one waits', fixed],
  ])('is no trouble any more %s', async (_, seen) => {
    await tell(bad, { outcome: 'error' }, newest(bad));
    await tell(bad, {}, newest(seen));

    expect(state()).toBe('closed');
  });

  it.each<[string, string, Partial<Report>]>([
    ['waits and the last good one is kept up', good, {}],
    ['is looked at', fixed, { action: 'check', outcome: 'upstreamPending' }],
    ['would change nothing', fixed, { action: 'check' }],
  ])('stays the trouble while a newer one %s', async (_, commit, report) => {
    await tell(bad, { outcome: 'rolledBack' }, newest(bad));
    await tell(commit, report, newest(fixed));
    expect(state()).toBe('open');
    expect(rig.gitea.comments).toEqual([]);
    await tell(fixed, {}, newest(fixed));

    expect(state()).toBe('closed');
  });

  it('is told together with drift of the last good one', async () => {
    await tell(bad, { outcome: 'rolledBack', summary: 'health check failed' }, newest(bad));
    await tell(good, drift('held'), newest(bad));

    expect(rig.gitea.issues).toMatchObject([{ title: 'allegro could not apply a revision', state: 'open' }]);
    expect(rig.gitea.issues[0]!.body).toContain('health check failed');
    expect(rig.gitea.issues[0]!.body).toContain('file[/etc/motd]  drift');
  });

  it('outside git is no trouble any more with the next run', async () => {
    const directory = { commit: null, branch: null, workingTree: true, key: 'k' };
    await tell(bad, { outcome: 'error', revision: directory });
    await tell(good, {});

    expect(state()).toBe('closed');
  });
});

describe('a revision in quarantine', () => {
  it('that converged before a person took it back is trouble until it is superseded', async () => {
    await tell(bad, {}, newest(bad));
    await tell(bad, refused('quarantined'), newest(bad));
    await tell(good, {}, newest(bad));
    expect(rig.gitea.issues).toMatchObject([{ title: 'allegro keeps a revision in quarantine', state: 'open' }]);
    expect(rig.gitea.issues[0]!.body).toContain('m [quarantined]');
    expect(rig.gitea.issues[0]!.body).toContain('tried again only after `reconcile release`');
    await tell(fixed, {}, newest(fixed));

    expect(state()).toBe('closed');
  });

  it('is no more trouble than the failure that took it there', async () => {
    await tell(bad, { outcome: 'rolledBack' }, newest(bad));
    await tell(bad, refused('quarantined'), newest(bad));

    expect(rig.gitea.issues).toMatchObject([{ title: 'allegro could not apply a revision' }]);
    expect(rig.gitea.comments).toEqual([]);
  });

  it('is the trouble where it is newer than the one that failed', async () => {
    await tell(bad, { outcome: 'rolledBack' }, newest(bad));
    await tell(fixed, refused('quarantined'), newest(fixed));

    expect(rig.gitea.issues[0]!.body).toContain(`at commit ${fixed}`);
  });
});

describe('no trouble', () => {
  it.each(['outside-window', 'needs-approval'] as const)('is a plan that waits (%s), nor the end of one', async (code) => {
    await tell(fixed, refused(code));
    expect(rig.gitea.issues).toEqual([]);
    await tell(bad, { outcome: 'rolledBack' }, newest(bad));
    await tell(fixed, refused(code), newest(fixed));

    expect(state()).toBe('open');
  });

  it('is drift while somebody has suspended the agent', async () => {
    const suspended = { reason: 'works on it', by: 'alice', until: '2026-11-20T10:00:00.000Z' };
    await tell(good, drift('pending'), { suspended });
    expect(rig.gitea.issues).toEqual([]);
    await tell(good, drift('pending'));

    expect(state()).toBe('open');
  });
});

it('a revision that is refused unseen is trouble until another one is the newest, also while no remote answers', async () => {
  const fetch = {
    at: '2026-11-20T08:00:00.000Z',
    ok: false,
    state: 'refused',
    remote: 'https://git.example/c.git',
    message: 'nobody signed it',
    hint: 'sign it',
  } as const;
  await tell(good, {}, { ...newest(bad), fetch });
  expect(rig.gitea.issues).toMatchObject([{ title: 'allegro refuses a revision' }]);
  expect(rig.gitea.issues[0]!.body).toContain(`Commit ${bad} is not applied`);
  expect(rig.gitea.issues[0]!.body).toContain('nobody signed it\nsign it');
  await tell(good, {}, { ...newest(bad), fetch: { ...fetch, state: 'offline', remote: null, message: 'no route' } });
  await tell(good, {}, { ...newest(null), fetch: null });
  await tell(good, {}, { ...newest(bad), fetch: { ...fetch, message: 'still nobody signed it' } });
  expect(state()).toBe('open');
  expect(rig.gitea.comments).toEqual([]);
  await rig.tell(
    { type: 'status', status: statusWith({ ...newest(fixed), fetch: { ...fetch, ok: true, state: 'fetched' } }) },
    { statuses: false },
  );

  expect(state()).toBe('closed');
});
