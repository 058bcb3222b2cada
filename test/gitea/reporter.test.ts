import { describe, expect, it } from 'vitest';
import { openAgentState } from '../../src/state/agent-state.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { openReporting } from '../../src/agent/reporting.ts';
import { openGiteaReporter } from '../../src/gitea/reporter.ts';
import { Secret } from '../../src/model/secret.ts';
import { startFakeGitea } from '../support/fake-gitea.ts';
import { tell } from '../support/tell.ts';
import { applying, commitOf, ended, never, openGiteaRig, policyFor, quick } from './gitea-rig.ts';

const one = commitOf('1');
const failed = ended(one, { outcome: 'rolledBack', summary: 'health check failed', writes: 2 });

describe('the reporter', () => {
  it('tells status and issue of a failure and of its end, across restarts', async () => {
    await using rig = await openGiteaRig();
    expect(await rig.tell(applying(one))).toEqual({});
    expect(await rig.tell(failed)).toEqual({});
    expect(rig.gitea.issues).toMatchObject([{ state: 'open' }]);
    expect(await rig.tell(ended(one))).toEqual({});

    expect(rig.gitea.statuses.map(({ status }) => status)).toEqual(['pending', 'failure', 'success']);
    expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
  });

  it('asks Gitea for nothing when there is nothing new', async () => {
    await using rig = await openGiteaRig();
    const reporter = rig.reporter();
    await tell(reporter, ended(one), never);
    const requests = rig.gitea.requests.length;
    for (let time = 0; time < 5; time++) await tell(reporter, ended(one, { run: `${time}` }), never);

    expect(rig.gitea.requests).toHaveLength(requests);
  });

  it('tells what it is not told to tell nothing of', async () => {
    await using rig = await openGiteaRig();
    await rig.tell(failed, { statuses: false, issues: false });

    expect(rig.gitea.requests).toEqual([]);
  });

  it('tells the issue also when statuses are forbidden, and says what is missing', async () => {
    await using rig = await openGiteaRig();
    rig.gitea.fault({ on: /POST .*statuses/, times: Infinity, answer: { status: 403 } });

    expect((await rig.tell(failed)).problem).toContain('403; the token may not do this: it needs write:repository');
    expect(rig.gitea.issues).toHaveLength(1);
  });

  it('never rejects, and keeps the news of an outage for a later life', async () => {
    using directory = temporaryDirectory();
    await using gitea = await startFakeGitea();
    const open = (url: string, memory: ReturnType<ReturnType<typeof openAgentState>['memory']>) =>
      openGiteaReporter({ policy: policyFor(url), host: 'allegro', memory, token: () => Secret.of(gitea.token), limits: quick });
    const gone = await startFakeGitea();
    await gone.close();
    {
      using state = openAgentState(directory.path);
      const { problem } = await tell(open(gone.url, state.memory('gitea')), failed, never);
      expect(problem).toContain('ECONNREFUSED');
      expect(problem).not.toContain(gitea.token);
    }
    using state = openAgentState(directory.path);
    await tell(open(gitea.url, state.memory('gitea')), applying(commitOf('2')), never);

    expect(gitea.statuses.map(({ status }) => status).sort()).toEqual(['failure', 'pending']);
    expect(gitea.issues).toMatchObject([{ state: 'open' }]);
  });

  it('tells news that come at once one after another, and only what is new of them', async () => {
    await using rig = await openGiteaRig();
    const reporting = openReporting([rig.reporter()], () => undefined);
    for (const news of [applying(one), failed, failed, ended(one)]) reporting.tell(news);
    await reporting.close(never);

    expect(rig.gitea.statuses.map(({ status }) => status)).toEqual(['success']);
    expect(rig.gitea.issues).toEqual([]);
  });

  it('tells also what came while it was telling something else', async () => {
    await using rig = await openGiteaRig();
    const reporting = openReporting([rig.reporter()], () => undefined);
    reporting.tell(applying(one));
    await rig.gitea.until(() => rig.gitea.statuses.length === 1);
    reporting.tell(failed);
    await rig.gitea.until(() => rig.gitea.issues.length === 1);
    reporting.tell(ended(one));
    await reporting.close(never);

    expect(rig.gitea.statuses.map(({ status }) => status)).toEqual(['pending', 'failure', 'success']);
    expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
  });

  it('ends with its signal and tells the rest later', async () => {
    await using rig = await openGiteaRig();
    rig.gitea.fault({ on: /./, answer: 'hang' });
    const controller = new AbortController();
    const telling = tell(rig.reporter(), failed, controller.signal);
    await rig.gitea.until(() => rig.gitea.requests.length > 0);
    controller.abort();
    expect((await telling).problem).toContain('ended before it was answered');

    expect(await rig.tell(failed)).toEqual({});
    expect(rig.gitea.statuses).toHaveLength(1);
    expect(rig.gitea.issues).toHaveLength(1);
  });

  it('says so when its memory cannot be used', async () => {
    await using rig = await openGiteaRig();
    const broken = {
      get: () => undefined,
      set: () => {
        throw new Error('agent.db cannot be written: disk full');
      },
    };
    rig.memory = broken;

    expect(() => rig.reporter().note(failed)).toThrow('agent.db cannot be written: disk full');
  });

  it('forgets what another version remembered in another form', async () => {
    await using rig = await openGiteaRig();
    for (const name of ['statuses', 'issue', 'trouble', 'waiting']) rig.memory.set(name, { form: 'of the future' });

    expect(await rig.tell(failed)).toEqual({});
    expect(rig.gitea.issues).toHaveLength(1);
  });
});
