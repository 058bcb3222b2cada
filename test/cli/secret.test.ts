import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient, armor } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';

let source: string;
let identity: string;
let recipient: string;
const secrets = (): string => join(source, 'desired-state/secrets');

beforeEach(async () => {
  source = mkdtempSync(join(tmpdir(), 'secret-'));
  mkdirSync(secrets(), { recursive: true });
  writeFileSync(join(source, 'desired-state/site.yaml'), 'assignments: []\n');
  identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
  writeFileSync(join(secrets(), 'recipients.txt'), `# allegro\n${recipient}\n`);
});
afterEach(() => rmSync(source, { recursive: true }));

const set = (name: string, input: string) => runCli(['secret', 'set', name], { cwd: source, input });
const decrypt = async (name: string, key = identity): Promise<string> => {
  const decrypter = new Decrypter();
  decrypter.addIdentity(key);
  return decrypter.decrypt(armor.decode(readFileSync(join(secrets(), `${name}.age`), 'utf8')), 'text');
};

describe('secret set', () => {
  it('encrypts standard input for the recipients and shows nothing of it', async () => {
    const { exit, stdout, stderr } = set('token', 'canary-4711\n');

    expect(exit).toBe(0);
    expect(stdout).toBe('desired-state/secrets/token.age: encrypted for allegro\n');
    expect(stdout + stderr).not.toContain('canary');
    expect(await decrypt('token')).toBe('canary-4711');
    expect(readdirSync(secrets()).sort()).toEqual(['recipients.txt', 'token.age']);
  });

  it('keeps a text of several lines to the byte', async () => {
    set('key', '-----BEGIN-----\nabc\n-----END-----\n');

    expect(await decrypt('key')).toBe('-----BEGIN-----\nabc\n-----END-----\n');
  });

  it('keeps a text that is longer than what a pipe holds', async () => {
    const text = 'canary '.repeat(100_000);

    expect(set('long', text)).toMatchObject({ exit: 0, stderr: '' });
    expect(await decrypt('long')).toBe(text);
  });

  it.each([
    ['no age file', () => 'junk\n'],
    ['a part of one', (text: string) => text.slice(0, 200)],
  ])('validate, which has no key, tells of %s all the same', (_what, damage) => {
    writeFileSync(join(source, 'desired-state/site.yaml'), 'assignments: []\n');
    mkdirSync(join(source, 'inventory'));
    writeFileSync(join(source, 'inventory/hosts.yml'), 'all: { hosts: { box: } }\n');
    set('whole', 'x');
    set('token', 'x');
    const validate = () => runCli(['validate'], { cwd: source });
    expect(validate()).toMatchObject({ exit: 0 });
    const file = join(secrets(), 'token.age');
    writeFileSync(file, damage(readFileSync(file, 'utf8')));

    const { exit, stdout } = validate();

    expect(stdout).toContain('desired-state/secrets/token.age:1:1  the file is damaged, or not an age file');
    expect(stdout).toContain('Invalid: 1 problem');
    expect(exit).toBe(65);
  });

  it.each([
    ['../evil', 'x', 64],
    ['a-b', 'x', 64],
    ['token', '', 64],
    ['token', '\n', 64],
  ])('refuses the name %j with the text %j', (name, text, code) => {
    expect(set(name, text).exit).toBe(code);
    expect(readdirSync(secrets())).toEqual(['recipients.txt']);
  });

  it('refuses a text of more than 1 MiB', () => {
    const { exit, stderr } = set('token', 'x'.repeat(1024 * 1024 + 1));

    expect(exit).toBe(64);
    expect(stderr).toBe('reconcile: a secret cannot have more than 1 MiB\n');
  });

  it('without recipients exits 65 and writes nothing', () => {
    writeFileSync(join(secrets(), 'recipients.txt'), '# nobody\n');

    const { exit, stderr } = set('token', 'canary-4711');

    expect(exit).toBe(65);
    expect(stderr).toContain('recipients.txt:1:1');
    expect(readdirSync(secrets())).toEqual(['recipients.txt']);
  });
});

describe('secret show-recipients', () => {
  it('prints each with its comment', () => {
    expect(runCli(['secret', 'show-recipients'], { cwd: source }).stdout).toBe(`${recipient}  allegro\n`);
  });

  it('exits 65 for a private key in the wrong place, without showing it', () => {
    writeFileSync(join(secrets(), 'recipients.txt'), `${identity}\n`);

    const { exit, stdout, stderr } = runCli(['secret', 'show-recipients'], { cwd: source });

    expect(exit).toBe(65);
    expect(stdout + stderr).not.toContain(identity);
    expect(stderr).toContain('private key');
  });
});

describe('secret rekey', () => {
  const rekey = (key: string) => {
    const file = join(source, 'age.key');
    writeFileSync(file, `${key}\n`, { mode: 0o600 });
    return runCli(['secret', 'rekey'], { cwd: source, env: { RECONCILE_AGE_KEY_FILE: file } });
  };

  it('encrypts every secret for the present recipients', async () => {
    set('one', 'canary-1');
    set('two', 'canary-2');
    const newcomer = await generateX25519Identity();
    writeFileSync(join(secrets(), 'recipients.txt'), `${await identityToRecipient(newcomer)}\n`);

    const { exit, stdout, stderr } = rekey(identity);

    expect(exit).toBe(0);
    expect(stdout + stderr).not.toContain('canary');
    expect([await decrypt('one', newcomer), await decrypt('two', newcomer)]).toEqual(['canary-1', 'canary-2']);
    await expect(decrypt('one')).rejects.toThrow();
  });

  it('writes nothing when one of them cannot be decrypted, and exits 65', async () => {
    set('one', 'canary-1');
    writeFileSync(join(secrets(), 'broken.age'), 'not an age file');
    const before = readFileSync(join(secrets(), 'one.age'));

    const { exit, stderr } = rekey(identity);

    expect(exit).toBe(65);
    expect(stderr).toContain('desired-state/secrets/broken.age');
    expect(readFileSync(join(secrets(), 'one.age'))).toEqual(before);
  });
});
