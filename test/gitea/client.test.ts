import { beforeEach, afterEach, describe, expect, it } from 'vitest';
import { openGiteaRig, commitOf, never, type GiteaRig } from './gitea-rig.ts';
import { fakePull } from '../support/fake-gitea-store.ts';

const repository = 'ops/config';
let rig: GiteaRig;
beforeEach(async () => void (rig = await openGiteaRig()));
afterEach(() => rig[Symbol.asyncDispose]());

describe('issues', () => {
  it('are created, changed, assigned, labelled, closed, read and listed', async () => {
    const { client } = rig;
    const label = await client.labels.create(repository, { name: 'drift', color: '#ff0000' }, never);
    const { number } = await client.issues.create(repository, { title: 'A', body: 'b', assignees: ['alice'] }, never);
    await client.issues.update(repository, number, { title: 'B' }, never);
    await client.issues.assign(repository, number, ['bob'], never);
    await client.issues.addLabels(repository, number, [label.id], never);

    expect(await client.issues.get(repository, number, never)).toMatchObject({
      title: 'B',
      body: 'b',
      state: 'open',
      user: { login: 'reconcile-bot' },
      assignees: [{ login: 'bob' }],
      labels: [{ id: label.id, name: 'drift' }],
    });
    const labelled = await client.issues.list(repository, { state: 'open', labels: ['drift'] }, never);
    expect(labelled).toHaveLength(1);

    await client.issues.close(repository, number, never);
    expect(await client.issues.list(repository, { state: 'open' }, never)).toEqual([]);
    expect(await client.labels.list(repository, never)).toMatchObject([{ name: 'drift' }]);
  });

  it('are listed over all pages, however small the server makes them, and without its own address', async () => {
    rig.gitea.pageSize = 7;
    for (let made = 0; made < 30; made++) await rig.client.issues.create(repository, { title: `${made}`, body: '' }, never);

    const found = await rig.client.issues.list(repository, { state: 'all' }, never);

    expect(found.map(({ title }) => Number(title))).toEqual(Array.from({ length: 30 }, (_, index) => 29 - index));
    expect(rig.gitea.requests.filter((each) => each.startsWith('GET'))).toHaveLength(5);
  });

  it('are listed to the end also where a proxy takes the links away', async () => {
    const answer = (...numbers: number[]) => ({
      status: 200,
      headers: { 'x-total-count': '3' },
      body: JSON.stringify(numbers.map((number) => ({ number, title: 't', body: null, state: 'open', user: null }))),
    });
    rig.gitea.fault({ on: /issues/, answer: answer(3, 2) });
    rig.gitea.fault({ on: /issues/, answer: answer(1) });

    const found = await rig.client.issues.list(repository, { state: 'open' }, never);

    expect(found.map(({ number }) => number)).toEqual([3, 2, 1]);
  });

  it('are listed no further than asked', async () => {
    rig.gitea.pageSize = 5;
    for (let made = 0; made < 20; made++) await rig.client.issues.create(repository, { title: `${made}`, body: '' }, never);

    expect(await rig.client.issues.list(repository, { state: 'all', pages: 2 }, never)).toHaveLength(10);
  });
});

describe('comments', () => {
  it('are written, edited and listed, all in one request as Gitea gives them', async () => {
    const { number } = await rig.client.issues.create(repository, { title: 'A', body: '' }, never);
    for (let made = 0; made < 60; made++) await rig.client.comments.create(repository, number, `${made}`, never);
    const [first] = await rig.client.comments.list(repository, number, never);
    await rig.client.comments.edit(repository, first!.id, 'edited', never);
    const requests = rig.gitea.requests.length;

    const found = await rig.client.comments.list(repository, number, never);

    expect(found).toHaveLength(60);
    expect(found[0]).toMatchObject({ body: 'edited', user: { login: 'reconcile-bot' } });
    expect(rig.gitea.requests.length - requests).toBe(1);
  });
});

describe('pull requests', () => {
  it('are created, read, updated, merged as they were looked at, and closed', async () => {
    const { pulls } = rig.client;
    const wish = { title: 'A', body: '', head: 'change', base: 'main' };
    const { number, head } = await pulls.create(repository, wish, never);
    await expect(pulls.create(repository, wish, never)).rejects.toMatchObject({ status: 409 });
    await pulls.updateBranch(repository, number, 'rebase', never);

    const stale = pulls.merge(repository, number, { style: 'squash', head: commitOf('9') }, never);
    await expect(stale).rejects.toMatchObject({ status: 409 });
    await pulls.merge(repository, number, { style: 'squash', head: head.sha, deleteBranch: true }, never);
    expect(await pulls.get(repository, number, never)).toMatchObject({ state: 'closed', merged: true });

    const second = await pulls.create(repository, wish, never);
    expect((await pulls.close(repository, second.number, never)).state).toBe('closed');
    expect(await pulls.list(repository, { state: 'open' }, never)).toEqual([]);
  });

  it('of an account that is gone, from a fork that is gone, are read', async () => {
    const pull = fakePull(rig.gitea, { sha: commitOf('1') });
    Object.assign(pull, { user: null });

    expect(await rig.client.pulls.list(repository, { state: 'open' }, never)).toMatchObject([{ user: null }]);
  });
});

describe('commit statuses', () => {
  it('are added, and the newest of each context is found', async () => {
    const { statuses } = rig.client;
    const said = { context: 'reconcile/allegro', description: 'd' };
    await statuses.create(repository, commitOf('1'), { ...said, state: 'pending' }, never);
    await statuses.create(repository, commitOf('1'), { ...said, state: 'success' }, never);
    await statuses.create(repository, commitOf('2'), { ...said, state: 'error' }, never);

    const contexts = new Set(['reconcile/allegro', 'reconcile/ezra']);
    const found = await statuses.newest(repository, commitOf('1'), contexts, never);

    expect(found.rows.map(({ context, status }) => `${context} ${status}`)).toEqual(['reconcile/allegro success']);
  });
});

it('the repositories of an organization are listed', async () => {
  rig.gitea.organizations.set('ops', ['config', 'fleet']);

  expect((await rig.client.listOrgRepos('ops', never)).map(({ full_name }) => full_name)).toEqual(['ops/config', 'ops/fleet']);
  await expect(rig.client.listOrgRepos('nobody', never)).rejects.toMatchObject({ status: 404 });
});

it('a mark is the same again, is another for another subject, and tells nothing of the token', () => {
  const mark = rig.client.mark('issue allegro');

  expect(rig.client.mark('issue allegro')).toBe(mark);
  expect(rig.client.mark('issue ezra').slice(-36)).not.toBe(mark.slice(-36));
  expect(mark).toMatch(/^<!-- timmy-reconciler issue allegro [0-9a-f]{32} -->$/);
  expect(mark).not.toContain(rig.gitea.token);
});
