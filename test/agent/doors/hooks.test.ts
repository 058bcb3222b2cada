import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRig, previousSecret, sign, type DoorRig } from '../../support/door-rig.ts';

/** What each payload is sent as, and what becomes of it. */
const payloads: readonly (readonly [file: string, event: string, status: number])[] = [
  ['gitea-push', 'push', 202],
  ['gitea-push-truncated', 'push', 202],
  ['gitea-push-forced', 'push', 202],
  ['gitea-push-late', 'push', 202],
  ['gitea-push-merged', 'push', 202],
  ['gitea-push-sha256', 'push', 202],
  ['gitea-push-lists-null', 'push', 202],
  ['gitea-commits-null', 'push', 202],
  ['gitea-test-delivery', 'push', 202],
  ['gitea-branch-created', 'push', 202],
  ['gitea-branch-deleted', 'push', 204],
  ['gitea-tag', 'push', 204],
  ['gitea-other-branch', 'push', 204],
  ['gitea-other-repository', 'push', 403],
  ['gitea-create', 'create', 204],
  ['gitea-delete', 'delete', 204],
  ['gitea-pull-request-opened', 'pull_request', 204],
  ['gitea-pull-request-synchronized', 'pull_request', 204],
  ['gitea-pull-request-merged', 'pull_request', 204],
  ['gitea-pull-request-comment', 'issue_comment', 204],
  ['gitea-issues', 'issues', 204],
  ['gitea-issue-comment', 'issue_comment', 204],
  ['gitea-status', 'status', 204],
  ['forgejo-push', 'push', 202],
  ['forgejo-push-truncated', 'push', 202],
  ['forgejo-8-push', 'push', 202],
  ['forgejo-8-pull-request-synchronized', 'pull_request', 204],
  ['forgejo-branch-deleted', 'push', 204],
  ['forgejo-pull-request', 'pull_request', 204],
  ['github-push', 'push', 202],
  ['github-push-forced', 'push', 202],
  ['github-branch-deleted', 'push', 204],
  ['github-tag', 'push', 204],
  ['github-ping', 'ping', 204],
];
const directory = new URL('payloads/', import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(`${name}.json`, directory));

/** All headers that a forge sends with an event, the Gogs and GitHub copies included. */
function headersOf(forge: string, event: string, body: Buffer, signature = sign(body)): Record<string, string> {
  const families = { gitea: ['gitea', 'gogs'], forgejo: ['forgejo', 'gitea', 'gogs'], github: [] }[forge] ?? [];
  const own = families.flatMap((family) => [
    [`x-${family}-event`, event],
    [`x-${family}-event-type`, event],
    [`x-${family}-delivery`, crypto.randomUUID()],
    [`x-${family}-signature`, signature],
  ]);
  return { ...Object.fromEntries(own), 'x-github-event': event, 'x-hub-signature-256': `sha256=${signature}` };
}

describe('a payload of a forge', () => {
  it('stands in the table below', () => {
    expect(readdirSync(directory).sort()).toEqual(payloads.map(([file]) => `${file}.json`).sort());
  });

  it.each(payloads)('%s (event %s) is answered with %i', async (file, event, status) => {
    await using rig = await openRig();
    const forge = file.split('-')[0]!;
    const body = read(file);

    const answer = await rig.deliver(body, headersOf(forge, event, body), forge);

    expect(answer.status).toBe(status);
    expect(rig.port.triggers).toEqual(status === 202 ? ['webhook'] : []);
    expect(status === 202 ? await answer.json() : null).toEqual(status === 202 ? { run: 'run-1' } : null);
  });
});

describe('a pull request, where its plan is told', () => {
  const opened = JSON.parse(read('gitea-pull-request-opened').toString()) as { readonly pull_request: object };
  let rig: DoorRig;
  beforeEach(async () => void (rig = await openRig({}, true)));
  afterEach(() => rig[Symbol.asyncDispose]());

  const deliver = (body: Buffer | string, forge = 'gitea'): Promise<Response> => {
    const bytes = Buffer.from(body);
    return rig.deliver(bytes, headersOf(forge, 'pull_request', bytes), forge);
  };

  it.each([
    ['gitea-pull-request-opened', 202],
    ['gitea-pull-request-synchronized', 202],
    ['gitea-pull-request-merged', 204],
    ['forgejo-pull-request', 202],
    ['forgejo-8-pull-request-synchronized', 202],
    ['gitea-push', 400],
    ['gitea-issues', 400],
  ])('%s is answered with %i', async (file, status) => {
    const answer = await deliver(read(file), file.split('-')[0]);

    expect(answer.status).toBe(status);
    expect(rig.port.triggers).toEqual(status === 202 ? ['webhook'] : []);
  });

  it('that is to go into another branch, or of another repository, is nothing to look at', async () => {
    const elsewhere = { ...opened.pull_request, base: { ref: 'develop' } };

    expect((await deliver(JSON.stringify({ ...opened, pull_request: elsewhere }))).status).toBe(204);
    expect((await deliver(JSON.stringify({ ...opened, repository: { full_name: 'fleet/other' } }))).status).toBe(403);
    expect(rig.port.triggers).toEqual([]);
  });

  it('is looked at once for each tip, and a push of the same tip once more', async () => {
    const tip = '7'.repeat(40);
    const body = JSON.stringify({ ...opened, pull_request: { base: { ref: 'main' }, head: { sha: tip } } });
    const push = JSON.stringify({ ...(JSON.parse(read('gitea-push').toString()) as object), after: tip });

    for (const each of [body, body]) expect((await deliver(each)).status).toBe(202);
    expect(rig.port.triggers).toEqual(['webhook']);
    expect((await rig.deliver(push)).status).toBe(202);
    expect(rig.port.triggers).toEqual(['webhook', 'webhook']);
  });
});

describe('a hook', () => {
  const push = read('gitea-push');
  let rig: DoorRig;
  beforeAll(async () => {
    rig = await openRig();
  });
  afterAll(() => rig[Symbol.asyncDispose]());
  beforeEach(() => void rig.port.triggers.splice(0));

  const pushOf = (change: object): string => JSON.stringify({ ...(JSON.parse(push.toString()) as object), ...change });

  it('takes the secret before, while forges are being told of the new one', async () => {
    const body = pushOf({ after: '1'.repeat(40) });

    expect((await rig.deliver(body, { 'x-gitea-signature': sign(body, previousSecret) })).status).toBe(202);
    expect(rig.port.triggers).toEqual(['webhook']);
  });

  it('takes a secret that was replaced in its file, and no longer the old one; what cannot be used changes nothing', async () => {
    await using own = await openRig();
    const file = join(own.directory, 'secret');
    const renewed = 'canary-secret-of-tomorrow-0123456789';
    const statuses = async (): Promise<readonly number[]> => [
      (await own.deliver(push)).status,
      (await own.deliver(push, { 'x-gitea-signature': sign(push, renewed) })).status,
    ];
    expect(await statuses()).toEqual([202, 401]);

    writeFileSync(file, `${renewed}\n`);
    expect(await statuses()).toEqual([401, 202]);

    own.logged.splice(0);
    const unusable = [() => writeFileSync(file, ''), () => rmSync(file), () => writeFileSync(file, 'short', { mode: 0o600 })];
    for (const spoil of [...unusable, () => chmodSync(file, 0o644)]) {
      spoil();
      expect(await statuses()).toEqual([401, 202]);
      expect(await statuses()).toEqual([401, 202]);
    }
    const told = own.logged.map(([, message]) => message).filter((message) => message.includes('still counts'));
    expect(told.map((message) => /has 0|does not exist|has 5|can be read by others/.exec(message)?.[0])).toEqual([
      'has 0',
      'does not exist',
      'has 5',
      'can be read by others',
    ]);
    expect(JSON.stringify(own.logged)).not.toContain('canary');
  });

  const replays = process.env['LONG'] === '1' ? 10_000 : 1_500;

  it(`gives a replay the run of the first one, and ${replays} of them look once`, async () => {
    const body = pushOf({ after: '2'.repeat(40) });
    const runs = new Set<string>();
    for (let sent = 0; sent < replays; sent += 50) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => rig.deliver(body, { 'x-gitea-delivery': crypto.randomUUID() })),
      );
      for (const answer of answers) runs.add(`${answer.status} ${await answer.text()}`);
    }

    expect(runs.size).toBe(1);
    expect(rig.port.triggers.length).toBeLessThanOrEqual(2);
  });

  it('looks again when a branch goes back to an older tip', async () => {
    for (const digit of ['3', '4', '3']) await rig.deliver(pushOf({ after: digit.repeat(40) }));

    expect(rig.port.triggers).toHaveLength(3);
  });

  it('of another forge, which mirrors the first one, makes it look again: until then that had nothing new there', async () => {
    const body = Buffer.from(pushOf({ after: '9'.repeat(40) }));
    for (const forge of ['github', 'gitea', 'gitea'])
      expect((await rig.deliver(body, headersOf(forge, 'push', body), forge)).status).toBe(202);

    expect(rig.port.triggers).toEqual(['webhook', 'webhook']);
  });

  it('knows a repository whatever its case', async () => {
    const body = pushOf({ after: '5'.repeat(40), repository: { full_name: 'Fleet/Config' } });

    expect((await rig.deliver(body)).status).toBe(202);
  });

  it.each([
    ['of 0 bytes', ''],
    ['of 1 byte', '{'],
    ['that is no object', '[]'],
    ['without a commit', pushOf({ after: undefined })],
    ['with half a commit', pushOf({ after: 'abc' })],
    ['with a commit in upper case', pushOf({ after: 'A'.repeat(40) })],
    ['without a repository', pushOf({ repository: null })],
    ['whose ref is a list', pushOf({ ref: ['refs/heads/main'] })],
    ['of 100,000 brackets', '['.repeat(100_000)],
    ['that is not UTF-8', Buffer.from([0xff, 0xfe, 0x7b])],
  ])('refuses a signed body %s with 400', async (_title, body) => {
    expect((await rig.deliver(body)).status).toBe(400);
    expect(rig.port.triggers).toEqual([]);
  });

  it('is not fooled by a prototype in the payload', async () => {
    const body = `{"__proto__": {"ref": "refs/heads/main"}, "constructor": {"prototype": {}}, "after": "${'6'.repeat(40)}"}`;

    expect((await rig.deliver(body)).status).toBe(400);
    expect(({} as Record<string, unknown>)['ref']).toBeUndefined();
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded'],
    ['plain text', 'text/plain'],
    ['nothing', ''],
    ['a type that only begins like JSON', 'application/jsonp'],
    ['several types', 'text/plain, application/json'],
  ])('refuses %s with 415', async (_title, type) => {
    expect((await rig.deliver(push, { 'content-type': type })).status).toBe(415);
    expect(rig.port.triggers).toEqual([]);
  });

  it('refuses compressed bodies with 415, before it reads them', async () => {
    expect((await rig.deliver(push, { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('takes a body of 262,144 bytes and refuses one more with 413', async () => {
    const padded = (size: number): string => {
      const bare = pushOf({ after: '7'.repeat(40), pad: '' }).length;
      return pushOf({ after: '7'.repeat(40), pad: 'x'.repeat(size - bare) });
    };

    expect((await rig.deliver(padded(262_144))).status).toBe(202);
    expect((await rig.deliver(padded(262_145))).status).toBe(413);
  });

  it('is a POST and nothing else', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS', 'DELETE'])
      expect((await fetch(`${rig.url}/hooks/gitea`, { method })).status).toBe(404);
  });
});
