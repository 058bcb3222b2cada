import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionError } from '../../../src/fleet/connection.ts';
import { makePublicKey } from '../../support/public-key.ts';
import { openOperator, rejection } from '../../support/ssh-operator.ts';
import { startSshServer, whyNoSsh, type SshServer } from '../../support/ssh-server.ts';

const never = new AbortController().signal;
const stranger = makePublicKey(99, '').trim();

describe.skipIf(whyNoSsh !== undefined)(`keys of hosts${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  let server: SshServer;
  let place: string;
  beforeAll(async () => {
    server = await startSshServer({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    place = `[127.0.0.1]:${server.port}`;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** What becomes of a connection where this is known. */
  async function meet(knownHosts: string, config: readonly string[] = []): Promise<string | ConnectionError> {
    await using operator = await openOperator({ knownHosts, config });
    try {
      await using connection = await operator.connect(server.target(), never);
      return (await connection.run(['echo', 'in'])).stdout;
    } catch (error) {
      if (error instanceof ConnectionError) return error;
      throw error;
    }
  }
  const line = (index: number, name = place): string => `${name} ${server.hostKeys[index]}\n`;

  it.each([
    ['ed25519', 0],
    ['ecdsa', 1],
    ['rsa', 2],
  ])('a host is let in that shows its %s key, the only one that is known', async (_type, index) => {
    expect(await meet(line(index))).toBe('in\n');
  });

  it('its name may be hashed, be a pattern, or stand without its port', async () => {
    await using operator = await openOperator();
    const file = join(operator.path, 'hashed');
    writeFileSync(file, line(0));
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    const hashed = readFileSync(file, 'utf8');

    expect(hashed).toMatch(/^\|1\|/);
    expect([await meet(hashed), await meet(line(0, '[127.0.0.?]:*')), await meet(line(0, '127.0.0.1'))]).toEqual([
      'in\n',
      'in\n',
      'in\n',
    ]);
  });

  it('a key that is known without the port is no key of a port of which another is known', async () => {
    const refused = (await meet(`${place} ${stranger}\n${line(0, '127.0.0.1')}`)) as ConnectionError;

    expect(refused).toMatchObject({ absence: 'untrusted', message: expect.stringContaining('but is known by') as string });
    expect(await meet(`@revoked ${place} ${stranger}\n${line(0, '127.0.0.1')}`)).toBe('in\n');
    expect(await meet(`@revoked 127.0.0.1 ${server.hostKeys[0]}\n${line(0)}`)).toMatchObject({ absence: 'untrusted' });
  });

  it('HostKeyAlias says under which name it is known', async () => {
    expect(await meet(line(0, 'alias.example'), ['HostKeyAlias alias.example'])).toBe('in\n');
    expect(await meet(line(0), ['HostKeyAlias alias.example'])).toMatchObject({ absence: 'untrusted' });
  });

  it('an unknown host is refused, with its fingerprint and the way to enrol it', async () => {
    const refused = (await meet('')) as ConnectionError;
    const fingerprint = execFileSync('ssh-keygen', ['-lf', join(server.directory, 'host_ed25519.pub')], {
      encoding: 'utf8',
    }).split(' ')[1];

    expect(refused).toMatchObject({ absence: 'untrusted', isPassing: false });
    expect(refused.message).toContain(`${place} is not known in`);
    expect(refused.message).toContain(`the ED25519 key ${fingerprint}`);
    expect(refused.hint).toContain('reconcile fleet trust web1');
  });

  it('a changed key is refused, with file and line of the known one', async () => {
    const refused = (await meet(`# one line above\n${place} ${stranger}\n`)) as ConnectionError;

    expect(refused.absence).toBe('untrusted');
    expect(refused.message).toMatch(
      /^\[127\.0\.0\.1\]:\d+ shows the ED25519 key SHA256:\S+, but is known by the ED25519 key SHA256:\S+ \(.*known_hosts:2\)$/,
    );
    expect(refused.hint).toContain('reconcile fleet trust web1 --replace');
  });

  it('a revoked key is refused, though another line trusts it', async () => {
    const refused = (await meet(`${line(0)}@revoked * ${server.hostKeys[0]}\n`)) as ConnectionError;

    expect(refused.absence).toBe('untrusted');
    expect(refused.message).toMatch(/shows the ED25519 key SHA256:\S+, which .*known_hosts:2 revokes$/);
  });

  it('a key that RevokedHostKeys names is refused, though it is known; without that list nobody is trusted', async () => {
    const list = join(server.directory, 'revoked');
    const config = [`RevokedHostKeys ${list}`];
    writeFileSync(list, `${stranger}\n`);
    expect(await meet(line(0), config)).toBe('in\n');

    appendFileSync(list, `${server.hostKeys[0]}\n`);
    expect(((await meet(line(0), config)) as ConnectionError).message).toMatch(
      / shows the ED25519 key \S+, which .*revoked revokes$/,
    );

    rmSync(list);
    expect(await meet(line(0), config)).toMatchObject({
      absence: 'untrusted',
      message: `the revoked keys in ${list} cannot be read (ENOENT)`,
    });
  });

  it('an authority is no key of the host', async () => {
    const refused = (await meet(`@cert-authority ${line(0)}`)) as ConnectionError;

    expect(refused.absence).toBe('untrusted');
    expect(refused.message).toMatch(
      /known only by an authority \(.*known_hosts:1\), and certificates of hosts are not understood/,
    );
  });

  it.each([['no'], ['off'], ['accept-new'], ['ask']])(
    'StrictHostKeyChecking %s lets no unknown host in, and writes nothing',
    async (value) => {
      await using operator = await openOperator({ config: [`StrictHostKeyChecking ${value}`] });

      expect(await rejection(operator.connect(server.target(), never))).toMatchObject({ absence: 'untrusted' });
      expect(readFileSync(join(operator.path, 'known_hosts'), 'utf8')).toBe('');
    },
  );

  it('nothing is asked of a host that is not the known one: no key is offered', async () => {
    const before = server.log().length;
    await meet('');

    expect(server.log().slice(before)).not.toMatch(/publickey|Accepted|Failed/);
  });

  it('one refused host does not keep another from being reached', async () => {
    await using second = await startSshServer();
    await using operator = await openOperator({ knownHosts: second.knownHosts });
    const [first, other] = await Promise.allSettled([
      operator.connect(server.target(), never),
      operator.connect(second.target('web2'), never),
    ]);

    expect(first).toMatchObject({ status: 'rejected', reason: { absence: 'untrusted' } });
    expect(other.status).toBe('fulfilled');
    if (other.status === 'fulfilled') await other.value[Symbol.asyncDispose]();
  });

  it('several files are looked at', async () => {
    await using operator = await openOperator({ config: [`UserKnownHostsFile /nonexistent/a ${server.directory}/more`] });
    appendFileSync(join(server.directory, 'more'), server.knownHosts);
    await using connection = await operator.connect(server.target(), never);

    expect((await connection.run(['true'])).exitCode).toBe(0);
  });
});
