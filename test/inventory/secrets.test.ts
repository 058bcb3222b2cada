import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { beforeAll, describe, expect, it } from 'vitest';
import { encryptAge } from '../../src/inventory/age.ts';
import { readRecipients, rekeySecret } from '../../src/inventory/edit-secrets.ts';
import { openSecrets } from '../../src/inventory/open-secrets.ts';
import { openVault } from '../../src/inventory/open-vault.ts';
import { formatProblem } from '../../src/model/problem.ts';
import { Secret } from '../../src/model/secret.ts';
import { memoryTree } from './memory-tree.ts';

const canary = 'canary-Xq7';
let host: string;
let other: string;
let toHost: string;
let toOther: string;

beforeAll(async () => {
  [host, other] = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
  [toHost, toOther] = await Promise.all([identityToRecipient(host), identityToRecipient(other)]);
});

const open = (files: { readonly [path: string]: string | Uint8Array }, identities: readonly string[]) =>
  openSecrets({ files: memoryTree(files), identities, vault: openVault([]), variables: [] });

const textOf = (secret: unknown): string => (secret instanceof Secret ? secret.reveal() : inspect(secret));

describe('openSecrets', () => {
  it.each(['one line', 'with newline\n', '', 'ü\n\nmany\r\nlines\n\n', '\uFEFFmark'])(
    'keeps the text %j exactly',
    async (text) => {
      const bytes = await encryptAge(text, [toHost]);

      const secrets = await open({ 'desired-state/secrets/token.age': bytes }, [host]);

      expect(secrets.names).toEqual(['token']);
      expect(textOf(secrets.get('token'))).toBe(text);
      expect(secrets.get('tokn')).toBeUndefined();
    },
  );

  it('takes identity files with comments and several keys', async () => {
    const bytes = await encryptAge(canary, [toHost]);

    const secrets = await open({ 'desired-state/secrets/a.age': bytes }, [
      `# created: today\n# public key: x\n${other}\n\n${host}\n`,
    ]);

    expect(textOf(secrets.get('a'))).toBe(canary);
  });

  it('reads only NAME.age directly in the directory', async () => {
    const bytes = await encryptAge(canary, [toHost]);
    const names = ['a.age', 'b.txt', 'deep/c.age', 'recipients.txt', '.age'];

    const secrets = await open(Object.fromEntries(names.map((name) => [`desired-state/secrets/${name}`, bytes])), [host]);

    expect(secrets.names).toEqual(['a']);
  });

  it('says why a secret cannot be read, without any part of key or text', async () => {
    const good = await encryptAge(canary, [toHost]);
    const cut = good.slice(0, -60);
    const cases: readonly (readonly [string | Uint8Array, readonly string[], string])[] = [
      [good, [], 'no age identity can be used on this host'],
      [good, ['# nothing\n'], 'no age identity can be used on this host'],
      [good, [other], 'the identity of this host is not among its recipients'],
      [good, [other, other], 'none of the 2 identities of this host is among its recipients'],
      [
        good,
        [`${host.slice(0, -1)}${host.endsWith('X') ? 'Y' : 'X'}`],
        'the age identity of this host is malformed; expected AGE-SECRET-KEY-1...',
      ],
      [good, ['AGE-PLUGIN-YUBIKEY-1QQQ'], 'the age identity of this host is malformed; expected AGE-SECRET-KEY-1...'],
      [cut, [host], 'the file is damaged, or not an age file'],
      [canary, [host], 'the file is damaged, or not an age file'],
      ['', [host], 'the file is damaged, or not an age file'],
      [Buffer.alloc(5 * 1024 * 1024), [host], 'the file has more than 4194304 bytes'],
    ];
    for (const [bytes, identities, reason] of cases) {
      const result = (await open({ 'desired-state/secrets/s.age': bytes }, identities)).get('s');
      expect(result).toEqual({ unreadable: reason });
    }
  });

  it('refuses a secret that is not text', async () => {
    const { Encrypter } = await import('age-encryption');
    const encrypter = new Encrypter();
    encrypter.addRecipient(toHost);
    const binary = await encrypter.encrypt(Uint8Array.of(0xff, 0xfe, 0x00));

    const secrets = await open({ 'desired-state/secrets/s.age': binary }, [host]);

    expect(secrets.get('s')).toEqual({ unreadable: 'the decrypted text is not UTF-8' });
  });

  it('gives values that cannot be printed', async () => {
    const secrets = await open({ 'desired-state/secrets/s.age': await encryptAge(canary, [toHost]) }, [host]);

    const shown = [
      inspect(secrets.get('s'), { depth: 9, showHidden: true }),
      JSON.stringify(secrets.get('s')),
      (secrets.get('s') as Secret).toString(),
      inspect(secrets),
    ];

    expect(shown.join()).not.toContain(canary);
  });

  it('decrypts vault texts, and says why not', async () => {
    const secrets = await open({}, []);

    expect(secrets.names).toEqual([]);
    expect(secrets.vault('nonsense')).toEqual({ unreadable: expect.stringContaining('not an ansible-vault text') as string });
  });
});

describe('editing secrets', () => {
  it('rekeys for other recipients and keeps the text', async () => {
    const before = await encryptAge(canary, [toHost]);

    const after = await rekeySecret(before, [host], [toOther]);

    const bytes = 'bytes' in after ? after.bytes : Buffer.of();
    expect(textOf((await open({ 'desired-state/secrets/s.age': bytes }, [other])).get('s'))).toBe(canary);
    expect((await open({ 'desired-state/secrets/s.age': bytes }, [host])).get('s')).toMatchObject({
      unreadable: expect.any(String) as string,
    });
    expect(await rekeySecret(before, [other], [toOther])).toMatchObject({ unreadable: expect.any(String) as string });
  });

  it('encrypts for nobody never', async () => {
    await expect(encryptAge(canary, [])).rejects.toThrow('at least one recipient');
    await expect(encryptAge(canary, ['age1nonsense'])).rejects.toThrow();
  });

  it('reads recipients with their comments', async () => {
    const files = memoryTree({
      'desired-state/secrets/recipients.txt': `# allegro\n${toHost}\n\n# laptop of\n# alexander\n${toOther}\n`,
    });

    const { recipients, problems } = await readRecipients(files);

    expect(problems).toEqual([]);
    expect(recipients).toEqual([
      { key: toHost, comment: 'allegro', line: 2 },
      { key: toOther, comment: 'laptop of alexander', line: 6 },
    ]);
  });

  it('lists every wrong recipient and shows no private key', async () => {
    const lines = [toHost, host, 'ssh-ed25519 AAAA', toHost.slice(0, -1), toHost, `${toOther} # laptop`, `allegro ${host}`];
    const files = memoryTree({ 'desired-state/secrets/recipients.txt': lines.join('\n') });

    const { recipients, problems } = await readRecipients(files);

    expect(recipients.map(({ key }) => key)).toEqual([toHost]);
    expect(problems.map(({ code, at }) => [code, at?.line])).toEqual([
      ['wrong-type', 2],
      ['wrong-type', 3],
      ['wrong-type', 4],
      ['duplicate-key', 5],
      ['wrong-type', 6],
      ['wrong-type', 7],
    ]);
    expect(problems.map(formatProblem).join('\n')).not.toContain(host);
    expect(problems.map(({ hint }) => hint)).toEqual([
      expect.stringContaining('private key'),
      expect.stringContaining('ssh keys'),
      expect.stringContaining('cut off'),
      undefined,
      expect.stringContaining('a line of its own'),
      expect.stringContaining('private key'),
    ]);
  });

  it.each([
    [{}, 'missing-file'],
    [{ 'desired-state/secrets/recipients.txt': '# nobody yet\n' }, 'missing-key'],
  ])('asks for a recipient where there is none', async (files, code) => {
    expect((await readRecipients(memoryTree(files))).problems.map((problem) => problem.code)).toEqual([code]);
  });
});

const noAge = existsSync('/usr/bin/age') ? undefined : 'skipped: /usr/bin/age is not installed (Debian package age)';
if (noAge !== undefined) console.log(noAge);

describe.skipIf(noAge !== undefined)("beside Debian's age", () => {
  const age = (args: readonly string[], input: string | Uint8Array): Buffer =>
    spawnSync('/usr/bin/age', args, { input, timeout: 10_000 }).stdout;

  it('reads what age writes, armored and binary', async () => {
    const files = {
      'desired-state/secrets/armored.age': age(['-a', '-r', toHost, '-r', toOther], `${canary}\n`),
      'desired-state/secrets/binary.age': age(['-r', toHost], canary),
    };

    const secrets = await open(files, [host]);

    expect(textOf(secrets.get('armored'))).toBe(`${canary}\n`);
    expect(textOf(secrets.get('binary'))).toBe(canary);
  });

  it('writes what age reads', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'reconcile-age-'));
    try {
      const identity = join(directory, 'identity');
      writeFileSync(identity, `${other}\n`, { mode: 0o600 });

      const text = age(['-d', '-i', identity], await encryptAge(`${canary}\n`, [toHost, toOther])).toString();

      expect(text).toBe(`${canary}\n`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('refuses a file that age locked with a passphrase', async () => {
    const { Encrypter } = await import('age-encryption');
    const encrypter = new Encrypter();
    encrypter.setPassphrase('correct horse');
    encrypter.setScryptWorkFactor(4);

    const secrets = await open({ 'desired-state/secrets/s.age': await encrypter.encrypt(canary) }, [host]);

    expect(secrets.get('s')).toEqual({ unreadable: 'the identity of this host is not among its recipients' });
  });
});
