import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionError } from '../../../src/fleet/connection.ts';
import { openOperator, rejection, type OperatorSetup } from '../../support/ssh-operator.ts';
import { makeSshKey, startSshServer, whyNoSsh, type SshServer } from '../../support/ssh-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const never = new AbortController().signal;

/** A real ssh-agent that holds these keys. */
async function startAgent(keys: readonly string[]): Promise<AsyncDisposable & { readonly socket: string }> {
  const directory = temporaryDirectory();
  const socket = join(directory.path, 'agent');
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  for (const key of keys)
    execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
  return {
    socket,
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
      directory[Symbol.dispose]();
    },
  };
}

describe.skipIf(whyNoSsh !== undefined)(`authentication${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  const files = temporaryDirectory();
  let server: SshServer;
  let locked: string;
  let others: readonly string[];
  beforeAll(async () => {
    locked = makeSshKey(files.path, 'locked', { passphrase: 'open sesame' });
    others = ['ecdsa', 'rsa'].map((type) => makeSshKey(files.path, `key_${type}`, { type: type as 'rsa' }));
    const authorized = [locked, ...others].map((file) => readFileSync(`${file}.pub`, 'utf8').trim());
    server = await startSshServer({ authorized });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    files[Symbol.dispose]();
  });

  const enter = async (identity: string | undefined, setup: OperatorSetup = {}, user = server.target().user): Promise<string> => {
    await using operator = await openOperator({ knownHosts: server.knownHosts, ...setup });
    await using connection = await operator.connect({ ...server.target(), identity, user }, never);
    return (await connection.run(['echo', 'in'])).stdout;
  };
  const refusal = async (...given: Parameters<typeof enter>): Promise<ConnectionError> =>
    (await rejection(enter(...given))) as ConnectionError;

  it('a key of each type lets in', async () => {
    expect([await enter(server.clientKey), await enter(others[0]), await enter(others[1])]).toEqual(['in\n', 'in\n', 'in\n']);
  });

  it('the usual key of the user lets in where none is named', async () => {
    await using operator = await openOperator({ knownHosts: server.knownHosts });
    mkdirSync(join(operator.path, '.ssh'));
    copyFileSync(server.clientKey, join(operator.path, '.ssh', 'id_ed25519'));
    chmodSync(join(operator.path, '.ssh', 'id_ed25519'), 0o600);
    // What ssh itself would read, for it looks into the home of the account.
    writeFileSync(
      join(operator.path, 'config'),
      `UserKnownHostsFile ${operator.path}/known_hosts\nIdentityFile ${operator.path}/.ssh/id_ed25519\n`,
    );
    await using connection = await operator.connect({ ...server.target(), identity: undefined }, never);

    expect((await connection.run(['true'])).exitCode).toBe(0);
  });

  it('an agent signs for the keys that it holds', async () => {
    await using agent = await startAgent([others[1]!, server.clientKey]);

    expect(await enter(undefined, { agent: agent.socket, config: ['IdentityFile none'] })).toBe('in\n');
  });

  it('with IdentitiesOnly the agent signs only for the named key, of which only the public half is here', async () => {
    await using agent = await startAgent([others[0]!, server.clientKey]);
    const half = join(files.path, 'half');
    copyFileSync(`${server.clientKey}.pub`, `${half}.pub`);
    const before = server.log().length;

    expect(await enter(half, { agent: agent.socket, config: ['IdentitiesOnly yes'] })).toBe('in\n');
    expect(server.log().slice(before)).toMatch(/Accepted publickey for \S+ .* ED25519/);
    expect(server.log().slice(before)).not.toMatch(/ECDSA/);
  });

  it('a public key may be named for one that the agent holds, though others can read it', async () => {
    await using agent = await startAgent([others[0]!, server.clientKey]);
    const half = join(files.path, 'work.pub');
    copyFileSync(`${server.clientKey}.pub`, half);
    chmodSync(half, 0o644);
    const before = server.log().length;

    expect(await enter(half, { agent: agent.socket, config: ['IdentitiesOnly yes'] })).toBe('in\n');
    expect(server.log().slice(before)).not.toMatch(/ECDSA/);
    expect((await refusal(half)).message).toMatch(/\(0 keys tried\); the agent does not hold the key .*work\.pub$/);
  });

  it('an agent that is not there is no hindrance for a key file', async () => {
    expect(await enter(server.clientKey, { agent: '/nonexistent/agent' })).toBe('in\n');
    expect((await refusal(undefined, { agent: '/nonexistent/agent', config: ['IdentityFile none'] })).message).toMatch(
      /\(0 keys tried\); the agent at \/nonexistent\/agent cannot be used/,
    );
  });

  it('the passphrase of a key is asked for once, for all hosts and again after a wrong one', async () => {
    const questions: string[] = [];
    const answers = ['wrong', 'open sesame'];
    const askPassphrase = (question: string): Promise<string | undefined> => {
      questions.push(question);
      return Promise.resolve(answers.shift());
    };
    await using operator = await openOperator({ knownHosts: server.knownHosts, askPassphrase });
    const target = { ...server.target(), identity: locked };
    const connections = await Promise.all([1, 2, 3].map(() => operator.connect(target, never)));
    await Promise.all(connections.map((each) => each[Symbol.asyncDispose]()));

    expect(questions).toEqual([`Passphrase of ${locked}: `, `That is not it. Passphrase of ${locked}: `]);
  });

  it('where nobody can be asked, it says which key is locked', async () => {
    const refused = await refusal(locked);

    expect(refused).toMatchObject({ absence: 'denied', isPassing: false, hint: `ssh-add ${locked}` });
    expect(refused.message).toContain(`(0 keys tried); the key ${locked} needs its passphrase`);
  });

  it('with BatchMode nobody is asked', async () => {
    const askPassphrase = (): Promise<string> => Promise.reject(new Error('asked'));

    expect(await refusal(locked, { askPassphrase, config: ['BatchMode yes'] })).toMatchObject({ absence: 'denied' });
  });

  it('the agent opens a locked key without a question', async () => {
    const open = join(files.path, 'opened');
    copyFileSync(locked, open);
    chmodSync(open, 0o600);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', 'open sesame', '-N', '', '-f', open]);
    await using agent = await startAgent([open]);

    expect(existsSync(`${locked}.pub`)).toBe(true);
    expect(await enter(locked, { agent: agent.socket })).toBe('in\n');
    rmSync(`${locked}.pub`, { force: true });
    expect(await enter(locked, { agent: agent.socket, config: ['IdentitiesOnly yes'] })).toBe('in\n');
  });

  it('a wrong account or key is told as such', async () => {
    const stranger = makeSshKey(files.path, 'stranger');
    const wrongKey = await refusal(stranger);

    expect(wrongKey).toMatchObject({ absence: 'denied', isPassing: false });
    expect(wrongKey.message).toMatch(/^web1 does not let \S+ in \(1 key tried\)$/);
    expect(await refusal(server.clientKey, {}, 'nobody-of-that-name')).toMatchObject({
      message: 'web1 does not let nobody-of-that-name in (1 key tried)',
      hint: expect.stringContaining(`ssh -p ${server.port} nobody-of-that-name@127.0.0.1 tells more`) as string,
    });
  });

  it('a key that others can read is not used', async () => {
    const shared = join(files.path, 'shared');
    copyFileSync(server.clientKey, shared);
    chmodSync(shared, 0o644);

    expect((await refusal(shared)).message).toMatch(/\(0 keys tried\); the key .*shared can be read by others; chmod 600/);
  });

  it('a file that is no key says so, and nothing of what is in it', async () => {
    const odd = join(files.path, 'odd');
    writeFileSync(odd, 'hunter2', { mode: 0o600 });
    const { message } = await refusal(odd);

    expect(message).toMatch(/the key .*odd is of a form that is not understood/);
    expect(message).not.toContain('hunter2');
  });
});
