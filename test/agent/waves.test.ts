import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWaves, type Waves } from '../../src/agent/waves.ts';
import { openGitea } from '../../src/gitea/client.ts';
import type { Look } from '../../src/model/follower.ts';
import { Secret } from '../../src/model/secret.ts';
import { memoryTree } from '../inventory/memory-tree.ts';
import { startFakeGitea, type FakeGitea } from '../support/fake-gitea.ts';

const [before, commit] = ['b'.repeat(40), 'c'.repeat(40)];
const { signal } = new AbortController();
const inventory = 'all:\n  hosts: {canary1: , canary2: , box: , late: }\n';
const rollout = 'waves:\n  - { name: canary, hosts: "canary*", bake: 0s }\n  - { name: half, hosts: box }\nmax_fail: 0\n';
let gitea: FakeGitea;
let notes: string[];
beforeEach(async () => {
  gitea = await startFakeGitea();
  notes = [];
});
afterEach(() => gitea.close());

function wavesOf(host: string, hasForge = true): Waves {
  const client = openGitea({ url: gitea.url, token: () => Secret.of(gitea.token) });
  const forge = hasForge ? { client, repository: 'ops/config' } : undefined;
  return openWaves({ host, branch: 'main', forge, note: (message) => notes.push(message) });
}

function lookAt(members: Partial<Look> = {}, text = rollout): Look {
  const files = memoryTree({ 'inventory/hosts.yml': inventory, ...(text && { 'desired-state/rollout.yaml': text }) });
  const source = { open: () => ({ files }) } as unknown as NonNullable<Look['source']>;
  return { state: 'fetched', source, commit, branch: 'main', seen: commit, remote: gitea.url, ...members };
}

const tell = (host: string, status: string, of = commit): void =>
  void gitea.statuses.push({ id: gitea.next(), commit: of, status, context: `reconcile/${host}`, description: '' });
const turnOf = async (host: string, look = lookAt(), applied: string | null | undefined = before): Promise<string | undefined> =>
  (await wavesOf(host).turn(look, () => applied, true, signal))?.words;

describe('a new revision', () => {
  it('is applied by the first wave at once', async () => {
    expect(await turnOf('canary2')).toBeUndefined();
    expect(gitea.requests).toEqual([]);
  });

  it('waits on others until the wave before is well on that commit', async () => {
    tell('canary1', 'success');
    tell('canary2', 'success', before);

    expect(await turnOf('box')).toBe('waits for wave canary (1 of 2 healthy)');
    tell('canary2', 'success');
    expect(await turnOf('box')).toBeUndefined();
  });

  it('waits on hosts that no wave names for the last wave', async () => {
    expect(await turnOf('late')).toBe('waits for wave half (0 of 1 healthy)');
  });

  it('goes by the newest word of each host, over many pages', async () => {
    gitea.pageSize = 3;
    tell('canary1', 'failure');
    tell('canary2', 'failure');
    for (let turn = 0; turn < 10; turn++) tell('other', 'failure');
    tell('canary1', 'pending');
    tell('canary1', 'success');
    tell('canary2', 'success');

    expect(await turnOf('box')).toBeUndefined();
    tell('canary1', 'failure');
    expect(await turnOf('box')).toBe('stopped: 1 of 2 hosts failed in wave canary');
  });

  it('finds the first word of a wave behind those of any number of hosts', async () => {
    tell('canary1', 'success');
    tell('canary2', 'success');
    for (let other = 0; other < 1_100; other++) {
      tell(`web${other}`, 'pending');
      tell(`web${other}`, 'success');
    }

    expect(await turnOf('box')).toBeUndefined();
  });

  it('takes nothing for a word of a host that is not its status', async () => {
    for (const context of ['canary1', 'ci/reconcile/canary1', 'reconcile/', 'reconcile/canary12'])
      gitea.statuses.push({ id: gitea.next(), commit, status: 'success', context, description: '' });

    expect(await turnOf('box')).toBe('waits for wave canary (0 of 2 healthy)');
  });

  it.each([
    ['nothing was ever applied on the host', undefined, lookAt],
    ['it is applied already', commit, lookAt],
    ['the repository has no rollout', before, () => lookAt({}, '')],
    ['the rollout has no waves', before, () => lookAt({}, 'max_fail: 1\n')],
    ['the rollout cannot be read, which refuses the run', before, () => lookAt({}, 'wave: []\n')],
    ['it is on a testing branch of the host', before, () => lookAt({ branch: 'testing-box' })],
    ['there is none', before, () => lookAt({ source: undefined })],
  ])('waits for nobody where %s', async (_when, applied, look) => {
    expect(await wavesOf('box').turn(look(), () => applied, true, signal)).toBeUndefined();
    expect(gitea.requests).toEqual([]);
  });

  it('is applied nowhere by waves that cannot be told', async () => {
    expect(await turnOf('box', lookAt({}, 'waves: [{ name: a, hosts: canray1 }]\n'))).toBe(
      'stopped: desired-state/rollout.yaml:1:27  the inventory has no group or host "canray1"; did you mean "canary1"?',
    );
  });

  it('waits while the forge cannot be asked', async () => {
    gitea.fault({ on: /statuses/, times: 100, answer: { status: 503 } });

    expect(await turnOf('box')).toMatch(/^waits for wave canary, of which nothing is known: .*503/);
  });

  it('is applied without waiting where there is no forge, and that is said once', async () => {
    const waves = wavesOf('box', false);

    for (const each of [commit, 'd'.repeat(40)])
      expect(await waves.turn(lookAt({ commit: each }), () => before, true, signal)).toBeUndefined();
    expect(notes).toEqual([expect.stringContaining('the waves of rollout.yaml are not obeyed')]);
  });

  it.each(['2001-01-01T00:00:00Z', '2076-01-01T00:00:00Z'])(
    'waits out the bake time by the clock of the forge, which says %s, whatever this host takes for the time',
    async (time) => {
      const forge = Date.parse(time);
      const rows = ['canary1', 'canary2'].map((host, index) => ({
        id: 2 - index,
        status: 'success',
        context: `reconcile/${host}`,
        created_at: new Date(forge - 60_000).toISOString(),
      }));
      const answer = { status: 200, headers: { date: new Date(forge).toUTCString() }, body: JSON.stringify(rows) };
      gitea.fault({ on: /statuses/, times: 2, answer });
      const look = lookAt({}, rollout.replace('bake: 0s', 'bake: 10m'));

      const waiting = await wavesOf('box').turn(look, () => before, true, signal);

      const until = new Date(forge + 9 * 60_000).toISOString();
      expect(waiting?.words).toBe(`waits for wave canary, which is watched until ${until}`);
      expect(Math.round((waiting!.until! - Date.now()) / 60_000)).toBe(9);
    },
  );

  it('is asked about again only with a poll, and no more once its turn has come', async () => {
    const waves = wavesOf('box');
    const turn = async (mayAsk: boolean): Promise<string | undefined> =>
      (await waves.turn(lookAt(), () => before, mayAsk, signal))?.words;

    expect(await turn(true)).toBe('waits for wave canary (0 of 2 healthy)');
    expect(await turn(false)).toBe('waits for wave canary (0 of 2 healthy)');
    expect(gitea.requests).toHaveLength(1);
    tell('canary1', 'success');
    tell('canary2', 'success');
    expect(await turn(true)).toBeUndefined();
    tell('canary1', 'failure');
    expect(await turn(true)).toBeUndefined();
    expect(gitea.requests).toHaveLength(2);
  });
});
