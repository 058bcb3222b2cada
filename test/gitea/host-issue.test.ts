import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { stepWith } from '../report/report-fixture.ts';
import { deliver } from '../support/tell.ts';
import { applying, commitOf, ended, never, openGiteaRig, type GiteaRig } from './gitea-rig.ts';
import { statusWith } from '../report/status-fixture.ts';

const bad = commitOf('b');
const good = commitOf('6');
const onlyIssues = { statuses: false };

let rig: GiteaRig;
beforeEach(async () => void (rig = await openGiteaRig()));
afterEach(() => rig[Symbol.asyncDispose]());

const tell = (news: Parameters<GiteaRig['tell']>[0]) => rig.tell(news, onlyIssues);
const failed = (members: Partial<Report> = {}) =>
  ended(bad, {
    outcome: 'rolledBack',
    summary: 'health check failed',
    steps: [stepWith({ outcome: 'failed', reason: 'exit 1' })],
    ...members,
  });
const newest = { revision: { applied: good, seen: good, branch: 'main' } };
const converged = () => ended(good, { summary: 'Converged: 42 resources' }, newest);
const drifted = (...addresses: string[]) => {
  const step = { cause: 'drift', outcome: 'held', reason: 'on_drift: report' } as const;
  return ended(good, { steps: addresses.map((address) => stepWith({ address, ...step })) }, newest);
};
const bodies = () => rig.gitea.comments.map(({ body }) => body);

describe('the issue of a host', () => {
  it('is opened when a run fails and says what, why and what to do', async () => {
    await tell(applying(bad));
    await tell(failed());

    expect(rig.gitea.issues).toHaveLength(1);
    const [issue] = rig.gitea.issues;
    expect(issue).toMatchObject({ title: 'allegro could not apply a revision', state: 'open' });
    expect(issue!.body).toContain(`Run \`20261120T080000-1a2b\` at commit ${bad}:`);
    expect(issue!.body).toContain('health check failed\nfile[/etc/motd]  upstream: git changed it, failed: exit 1 (mode)');
    expect(issue!.body).toContain('`reconcile show 20261120T080000-1a2b` shows all of it');
    expect(issue!.body).toContain('This issue closes itself');
    expect(bodies()).toEqual([]);
  });

  it.each([
    [
      'is not tried again',
      {},
      'The host is as it was before. A newer revision is tried at once, this one is tried again only after',
    ],
    ['is tried again', { retriable: true }, 'The host is as it was before. The revision is tried again by itself'],
    ['was cut short', { outcome: 'error' }, 'shows all of it. The revision is tried again by itself'],
    [
      'cannot be taken back whole',
      { steps: [stepWith({ outcome: 'changed', reason: 'ran; cannot be undone' })] },
      'shows all of it. A newer revision is tried at once',
    ],
  ] as const)('says what is to come of a run that %s', async (_what, members, advice) => {
    await tell(failed(members));

    expect(rig.gitea.issues[0]!.body).toContain(advice);
  });

  it('says nothing more while the same failure repeats', async () => {
    await tell(failed());
    const requests = rig.gitea.requests.length;
    await tell(failed({ run: 'later', summary: 'health check failed after 12 s' }));

    expect(rig.gitea.requests).toHaveLength(requests);
  });

  it('is edited, with one comment, when the trouble changes', async () => {
    await tell(failed());
    await tell(
      ended(bad, {
        outcome: 'refused',
        summary: 'Refused: 1 problem',
        problems: [{ code: 'destroy-budget', message: 'too many' }],
      }),
    );

    expect(rig.gitea.issues).toMatchObject([{ title: 'allegro refuses a revision', state: 'open' }]);
    expect(rig.gitea.issues[0]!.body).toContain('too many [destroy-budget]');
    expect(bodies()).toHaveLength(1);
    expect(bodies()[0]).toContain('too many [destroy-budget]');
  });

  it('is closed with a comment when the host has converged, once', async () => {
    await tell(failed());
    await tell(converged());
    await tell(converged());

    expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
    expect(bodies()).toEqual([
      `It is over. Run \`20261120T080000-1a2b\` at commit ${good}:\n\n\`\`\`text\nConverged: 42 resources\n\`\`\``,
    ]);
  });

  it('is opened again rather than twice', async () => {
    await tell(failed());
    await tell(converged());
    await tell(failed());

    expect(rig.gitea.issues).toMatchObject([{ state: 'open' }]);
    expect(bodies()).toHaveLength(2);
  });

  it('is found again by its mark when everything that was remembered is lost, open or closed', async () => {
    await tell(failed());
    rig.forget();
    await tell(failed({ outcome: 'rollbackIncomplete' }));
    await tell(converged());
    rig.forget();
    await tell(failed());

    expect(rig.gitea.issues).toMatchObject([{ state: 'open', title: 'allegro could not apply a revision' }]);
  });

  it('is open in the end when it fails again while it is being closed', async () => {
    await tell(failed());
    const reporter = rig.reporter(onlyIssues);
    reporter.note(converged());
    const closing = deliver(reporter, never);
    reporter.note(failed());
    expect(await closing).toEqual({});

    expect(rig.gitea.issues).toMatchObject([{ title: 'allegro could not apply a revision', state: 'open' }]);
    const requests = rig.gitea.requests.length;
    await tell(failed());
    expect(rig.gitea.requests).toHaveLength(requests);
  });

  it('is not touched when it fails again before anybody could be told that it was over', async () => {
    await tell(failed());
    const requests = rig.gitea.requests.length;
    const reporter = rig.reporter(onlyIssues);
    for (const news of [converged(), failed()]) reporter.note(news);

    expect(await deliver(reporter, never)).toEqual({});
    expect(rig.gitea.requests).toHaveLength(requests);
  });

  it('that an earlier life left open is closed by the first converged run', async () => {
    await tell(failed());
    rig.forget();
    await tell({ type: 'status', status: statusWith() });
    expect(rig.gitea.issues).toMatchObject([{ state: 'open' }]);
    await tell(converged());

    expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
  });

  it('is not one into which somebody copied the mark', async () => {
    await tell(failed());
    const { number, title, body } = rig.gitea.issues[0]!;
    const copy = {
      number: rig.gitea.next(),
      title,
      body,
      state: 'open' as const,
      user: { login: 'mallory' },
      labels: null,
      assignees: null,
    };
    rig.gitea.issues.push(copy);
    rig.forget();
    await tell(converged());
    rig.forget();
    await tell(drifted('file[/etc/a]'));

    expect(rig.gitea.issues.map((issue) => [issue.number, issue.state, issue.title])).toEqual([
      [number, 'open', 'allegro differs from the repository'],
      [copy.number, 'open', title],
    ]);
    expect(rig.gitea.comments.map(({ issue }) => issue)).toEqual([number, number]);
  });

  it('that somebody deleted is made anew', async () => {
    await tell(failed());
    rig.gitea.issues.pop();
    await tell(failed({ outcome: 'rollbackIncomplete' }));

    expect(rig.gitea.issues).toMatchObject([{ title: 'allegro could not be rolled back completely' }]);
  });

  it('that cannot be seen for a while is closed when it can be seen again', async () => {
    await tell(failed());
    rig.gitea.fault({ on: /./, times: Infinity, answer: { status: 404 } });
    expect((await tell(converged())).problem).toContain('404; it does not exist, is switched off there');
    rig.gitea.heal();

    expect(await tell(converged())).toEqual({});
    expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
  });

  it('that somebody deleted is not missed when the trouble is over', async () => {
    await tell(failed());
    rig.gitea.issues.pop();

    expect(await tell(converged())).toEqual({});
    expect(rig.gitea.issues).toEqual([]);
  });

  it('that somebody closed stays closed until there is something new', async () => {
    await tell(failed());
    rig.gitea.issues[0]!.state = 'closed';
    await tell(failed());
    expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
    await tell(drifted('file[/etc/a]'));

    expect(rig.gitea.issues).toMatchObject([{ state: 'open', title: 'allegro differs from the repository' }]);
  });

  it('that somebody closed is not commented on when the trouble is over', async () => {
    await tell(failed());
    rig.gitea.issues[0]!.state = 'closed';
    await tell(converged());

    expect(bodies()).toEqual([]);
  });

  it('is not made twice when the answer to making it is lost', async () => {
    rig.gitea.fault({ on: /POST .*issues$/, answer: 'lost' });

    expect((await tell(failed())).problem).toContain('the connection was lost');
    expect(await tell(failed())).toEqual({});
    expect(rig.gitea.issues).toHaveLength(1);
  });
});

describe('drift', () => {
  it('that is only reported opens the issue, names fields but no value, and is told again when other resources differ', async () => {
    await tell(drifted('file[/etc/a]'));
    await tell(drifted('file[/etc/a]'));
    expect(rig.gitea.issues[0]!.body).toContain('file[/etc/a]  drift: changed on this host, held: on_drift: report (mode)');
    expect(rig.gitea.issues[0]!.body).not.toContain('0444');
    await tell(drifted('file[/etc/a]', 'file[/etc/b]'));

    expect(bodies()).toHaveLength(1);
    expect(bodies()[0]).toContain('file[/etc/b]');
  });

  it('that was repaired is none', async () => {
    await tell(ended(good, { steps: [stepWith({ cause: 'drift', outcome: 'changed' })] }));

    expect(rig.gitea.issues).toEqual([]);
  });

  it('of contested resources and an agent that has stopped trying are told beside runs', async () => {
    await tell({ type: 'status', status: statusWith({ contested: ['file[/etc/a]'] }) });
    expect(rig.gitea.issues).toMatchObject([{ title: 'allegro has resources that somebody keeps changing', state: 'open' }]);
    await tell({ type: 'status', status: statusWith({ contested: ['file[/etc/a]'], stalled: 'tried 3 times' }) });
    await tell({ type: 'status', status: statusWith({ contested: ['file[/etc/a]'], stalled: 'tried 4 times' }) });
    expect(bodies()).toHaveLength(1);
    expect(bodies()[0]).toContain('tried 3 times');
    await tell(converged());

    expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
  });
});

it('is opened while no pass can be made, before all else, and closed when one can again', async () => {
  const last = {
    run: '',
    outcome: 'error',
    summary: 'state.db is empty',
    at: '2026-11-20T08:00:00.000Z',
    hint: 'restore it',
  } as const;
  const failing = { last, stalled: '2 passes in a row could not be made' };
  await tell(converged());
  await tell({ type: 'status', status: statusWith({ ...failing, contested: ['file[/etc/a]'] }) });

  expect(rig.gitea.issues).toMatchObject([{ title: 'allegro can neither apply nor repair anything', state: 'open' }]);
  expect(rig.gitea.issues[0]?.body).toContain('state.db is empty\nrestore it');
  await tell({ type: 'status', status: statusWith() });

  expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
});

it('what hostile input says stays in its block and is bounded', async () => {
  const nasty = 'a\n```\n@everyone closes #1 <img src=x>\u001b[2J';
  const problems = Array.from({ length: 500 }, () => ({ code: 'unknown-key' as const, message: nasty.repeat(100) }));
  await tell(ended(bad, { outcome: 'invalid', summary: nasty, problems, steps: [] }));

  const { body } = rig.gitea.issues[0]!;
  expect(body.length).toBeLessThan(16_000);
  expect(body.split('\n').filter((line) => /^`{4,}/.test(line))).toEqual(['````text', '````']);
  const outside = body.replace(/````text\n[^]*\n````/, '');
  expect(outside).not.toMatch(/everyone|<img/);
  expect(body).not.toContain('\u001b');
});
