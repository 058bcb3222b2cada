import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSignatures } from '../../../src/source/git/signatures.ts';
import { resetTrust } from '../../../src/source/git/trust-memory.ts';
import { openAgentState } from '../../../src/state/agent-state.ts';
import { never, openFollowRig, textOf, type FollowRig } from './follow-rig.ts';

const site = 'desired-state/site.yaml';
let rig: FollowRig;
let signers: string;
const key = (name: string): string => join(rig.path, name);

beforeEach(() => {
  rig = openFollowRig();
  signers = key('allowed_signers');
  for (const name of ['good', 'other'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key(name)]);
  writeFileSync(signers, `ada@machine.example namespaces="git" ${readFileSync(`${key('good')}.pub`, 'utf8')}`, { mode: 0o644 });
});
afterEach(() => rig[Symbol.dispose]());

/** The next commit is signed with this key, or with none. */
function signWith(name: string | undefined): void {
  rig.git('config', 'gpg.format', 'ssh');
  rig.git('config', 'commit.gpgsign', String(name !== undefined));
  rig.git('config', 'user.signingkey', name === undefined ? '' : key(name));
}

const push = (text: string, name?: string): string => {
  signWith(name);
  return rig.push({ [site]: text });
};

describe('with verify: tip', () => {
  const look = () => rig.look({}, { verify: 'tip', allowed_signers: signers });

  it('a commit that a trusted key signed is given', async () => {
    const commit = push('signed', 'good');

    expect(await look()).toMatchObject({ state: 'fetched', commit });
  });

  it.each([
    ['not signed', undefined, 'is not signed'],
    ['signed by another key', 'other', 'is signed by a key that this host does not trust'],
  ])('a commit that is %s is refused, and the last good one stays', async (_name, by, message) => {
    const good = push('good', 'good');
    await rig.open().accept((await look()).commit!);
    const bad = push('bad', by);

    const refused = await look();

    expect(refused).toMatchObject({ state: 'refused', commit: good, seen: bad, problem: { code: 'untrusted-commit' } });
    expect(refused.problem!.message).toContain(`commit ${bad.slice(0, 12)} ${message}`);
    expect(textOf(refused)).toBe('good');
    const next = push('next', 'good');
    expect(await look()).toMatchObject({ state: 'fetched', commit: next });
  });

  it.each([
    ['valid-after="20200101",valid-before="20990101"', 'fetched'],
    ['valid-before="20200101"', 'refused'],
    ['valid-after="20990101"', 'refused'],
  ])('a key of the allowed signers with %s: a commit of today is %s', async (options, state) => {
    writeFileSync(signers, `ada@machine.example ${options} ${readFileSync(`${key('good')}.pub`, 'utf8')}`);
    push('signed', 'good');

    const { problem, ...found } = await look();
    expect(found).toMatchObject({ state });
    if (state === 'refused') expect(problem!.message).toMatch(/is signed by a key that/);
  });

  it('until when a key is valid is asked of the date that the commit says: who holds an old key can say any', async () => {
    writeFileSync(signers, `ada@machine.example valid-before="20200101" ${readFileSync(`${key('good')}.pub`, 'utf8')}`);
    push('today', 'good');
    expect(await look()).toMatchObject({ state: 'refused' });
    rig.git('commit', '--quiet', '--amend', '--no-edit', '--date', '2019-06-01T12:00:00Z');
    rig.git('rebase', '--quiet', '--committer-date-is-author-date', '--gpg-sign', '--root');
    rig.git('push', '--quiet', '--force', 'origin', 'main');

    expect(await look()).toMatchObject({ state: 'fetched' });
  });

  it('who has a certificate of an authority among the allowed signers is trusted as long as that is valid', async () => {
    writeFileSync(signers, `ada@machine.example cert-authority ${readFileSync(`${key('other')}.pub`, 'utf8')}`);
    const certify = (validity: string): void => {
      const words = ['-q', '-s', key('other'), '-I', 'ada', '-n', 'ada@machine.example', '-V', validity, `${key('good')}.pub`];
      execFileSync('ssh-keygen', words);
    };
    certify('-1d:+1d');
    rig.git('config', 'user.signingkey', key('good-cert.pub'));
    rig.git('config', 'gpg.format', 'ssh');
    rig.git('config', 'commit.gpgsign', 'true');
    const commit = rig.push({ [site]: 'certified' });
    expect(await look()).toMatchObject({ state: 'fetched', commit });

    certify('-2d:-1d');
    rig.push({ [site]: 'expired' });
    expect((await look()).problem!.message).toContain('is signed by a key that');
  });

  it('a signature that was moved to other content is refused', async () => {
    push('good', 'good');
    const object = rig.git('cat-file', 'commit', 'HEAD').replace('a change', 'another');
    writeFileSync(key('object'), `${object}\n`);
    const forged = rig.git('hash-object', '-t', 'commit', '-w', key('object'));
    rig.git('push', '--quiet', '--force', 'origin', `${forged}:main`);

    expect((await look()).problem!.message).toContain('has a bad signature');
  });

  it('a commit that nobody signed is not trusted for the signed testing branch on top of it that was applied', async () => {
    const policy = [{ testing_branch: true }, { verify: 'tip', allowed_signers: signers }] as const;
    push('good', 'good');
    await rig.open().accept((await look()).commit!);
    const bad = push('bad');
    rig.git('checkout', '--quiet', '-b', 'testing-box');
    const tried = push('tried', 'good');
    expect(await rig.look(...policy)).toMatchObject({ state: 'fetched', commit: tried });
    await rig.open().accept(tried);

    rig.git('push', '--quiet', 'origin', ':testing-box');

    expect(await rig.look(...policy)).toMatchObject({ state: 'refused', seen: bad, problem: { code: 'untrusted-commit' } });
  });

  it('a signed commit below a testing branch that was applied is what the next ones must be on top of', async () => {
    const policy = [{ testing_branch: true }, { verify: 'tip', allowed_signers: signers }] as const;
    const good = push('good', 'good');
    await rig.open().accept((await look()).commit!);
    push('better', 'good');
    rig.git('checkout', '--quiet', '-b', 'testing-box');
    push('tried', 'good');
    await rig.open().accept((await rig.look(...policy)).commit!);

    rig.git('push', '--quiet', 'origin', ':testing-box');
    rig.git('push', '--quiet', '--force', 'origin', `${good}:main`);

    expect(await rig.look(...policy)).toMatchObject({ state: 'behind', problem: { code: 'old-revision' } });
  });

  it('the file of allowed signers that others can write is not believed', async () => {
    push('good', 'good');
    chmodSync(signers, 0o666);

    const { state, source, problem } = await look();

    expect({ state, source, code: problem!.code }).toEqual({ state: 'refused', source: undefined, code: 'untrusted-commit' });
    expect(problem!.message).toContain('can be written by others; chmod 600');
  });

  it('no keys at all trust nothing', async () => {
    push('good', 'good');

    expect((await rig.look({}, { verify: 'tip' })).problem!.message).toContain('neither allowed_signers nor gpg_home');
  });

  it('what is changed about the trusted keys holds from the next look on, also in a process that has judged the commit', async () => {
    const follower = rig.open({}, { verify: 'tip', allowed_signers: signers });
    const line = (name: string): string => `${name}@machine.example namespaces="git" ${readFileSync(`${key(name)}.pub`, 'utf8')}`;
    const good = push('good', 'good');
    await follower.accept((await follower.look(never)).commit!);
    const commit = push('signed', 'other');

    expect(await follower.look(never)).toMatchObject({ state: 'refused', commit: good, problem: { code: 'untrusted-commit' } });
    writeFileSync(signers, line('good') + line('other'));
    expect(await follower.look(never)).toMatchObject({ state: 'fetched', commit });
    // It is not applied yet.
    writeFileSync(signers, line('good'));
    expect(await follower.look(never)).toMatchObject({ state: 'refused', commit: good, problem: { code: 'untrusted-commit' } });
  });
});

it('a person on the host can trust a commit that nobody signed', async () => {
  const commit = push('unsigned');
  using state = openAgentState(rig.stateDirectory);
  resetTrust(state.memory('source'), rig.stateDirectory, commit);

  for (const verify of ['tip', 'every'] as const)
    expect(await rig.look({}, { verify, allowed_signers: signers })).toMatchObject({ state: 'fetched', commit });
});

describe('with verify: every', () => {
  const look = () => rig.look({}, { verify: 'every', allowed_signers: signers });

  it('an unsigned commit below a signed tip is refused, and is none of tip’s business', async () => {
    push('good', 'good');
    await rig.open().accept((await look()).commit!);
    const sneaked = push('sneaked in');
    const tip = push('tip', 'good');

    const refused = await look();

    expect(refused).toMatchObject({ state: 'refused', seen: tip });
    expect(refused.problem!.message).toContain(sneaked.slice(0, 12));
    expect(await rig.look({}, { verify: 'tip', allowed_signers: signers })).toMatchObject({ state: 'fetched', commit: tip });
  });

  it('what was applied before is not asked about again', async () => {
    push('unsigned, from before');
    await rig.open().accept((await rig.look()).commit!);
    const commit = push('signed', 'good');

    expect(await look()).toMatchObject({ state: 'fetched', commit });
  });

  it('an unsigned commit that came in by a merge is refused', async () => {
    push('good', 'good');
    await rig.open().accept((await look()).commit!);
    rig.git('checkout', '--quiet', '-b', 'side');
    signWith(undefined);
    rig.git('commit', '--quiet', '--allow-empty', '--message', 'unsigned');
    rig.git('checkout', '--quiet', 'main');
    push('more', 'good');
    rig.git('merge', '--quiet', '--no-edit', 'side');
    rig.git('push', '--quiet', 'origin', 'main');

    expect(await look()).toMatchObject({ state: 'refused', problem: { code: 'untrusted-commit' } });
  });
});

const hasGpg = spawnSync('gpg', ['--version']).status === 0;
it.skipIf(!hasGpg)('OpenPGP signatures count where their keys are trusted in gpg_home', async () => {
  const home = key('gnupg');
  mkdirSync(home, { mode: 0o700 });
  // Its path would be too long for the socket of an agent elsewhere.
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--homedir', home, '--batch', ...args], { encoding: 'utf8', stdio: 'pipe' });
  gpg('--passphrase', '', '--quick-generate-key', 'Ada <ada@machine.example>', 'ed25519', 'sign', 'never');
  writeFileSync(key('gpg-with-home'), `#!/bin/sh\nexec gpg --homedir ${home} "$@"\n`, { mode: 0o755 });
  rig.git('config', 'gpg.program', key('gpg-with-home'));
  rig.git('config', 'user.signingkey', 'ada@machine.example');
  rig.git('config', 'commit.gpgsign', 'true');
  const commit = rig.push({ [site]: 'signed' });
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);

  expect(await rig.look({}, { verify: 'tip', gpg_home: home })).toMatchObject({ state: 'fetched', commit });
  expect(await rig.look({}, { verify: 'tip', allowed_signers: signers })).toMatchObject({ state: 'refused' });
});

it('signatures that take longer than there is time for are trusted in nothing, and are no fault of the mirror', async () => {
  const commit = push('good', 'good');
  const call = { directory: rig.remote, config: {}, env: {}, timeout: 1, signal: never };

  const problem = await checkSignatures(call, { verify: 'every', allowed_signers: signers }, null, commit);

  expect(problem).toMatchObject({ code: 'untrusted-commit' });
  expect(problem!.message).toBe('the signatures of what is new could not be checked within 0.001 s');
  expect(problem!.hint).toContain(`reconcile trust reset --to ${commit}`);
});
