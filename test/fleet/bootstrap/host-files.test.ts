import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHostFiles } from '../../../src/fleet/bootstrap/host-files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const token = 'a-token-that-nobody-may-see';

/** Files below the directory `files`, and the policy beside it. */
function operator(files: Readonly<Record<string, string>>, policy?: string) {
  const temporary = temporaryDirectory();
  const directory = join(temporary.path, 'files');
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  }
  const file = join(temporary.path, 'policy.yaml');
  if (policy !== undefined) writeFileSync(file, policy);
  return {
    directory,
    read: (host: string) => {
      const { policy: own, others } = readHostFiles(host, { policy: policy === undefined ? undefined : file, directory });
      return {
        ...own,
        content: own.content.toString(),
        others: others.map(({ content, ...rest }) => ({ ...rest, content: content.toString() })),
      };
    },
    [Symbol.dispose]: () => temporary[Symbol.dispose](),
  };
}

describe('the host policy of a bootstrap', () => {
  it('is named in what is wrong with it, wherever it came from', () => {
    using files = operator({ 'all/host.yaml': 'host: allegro\n', 'ezra/host.yaml': 'hosts: ezra\n' }, 'host: timmy\n');

    expect(() => files.read('ezra')).toThrow(`${files.directory}/ezra/host.yaml:1:1  unknown key "hosts"`);
    expect(() => files.read('bezalel')).toThrow(`${files.directory}/all/host.yaml is the host policy of allegro`);
  });

  it('is the name of the host alone, and does not replace one, where none is given', () => {
    using files = operator({});

    expect(files.read('ezra')).toEqual({ path: 'host.yaml', mode: 0o644, isGiven: false, content: 'host: "ezra"\n', others: [] });
  });

  it('gets the name of each host, unless it has it', () => {
    using all = operator({}, 'agent: { interval: 1h }\n');
    using named = operator({}, 'host: ezra\n');

    expect(all.read('ezra')).toMatchObject({ isGiven: true, content: 'host: "ezra"\nagent: { interval: 1h }\n' });
    expect(all.read('allegro').content).toContain('host: "allegro"\n');
    expect(named.read('ezra').content).toBe('host: ezra\n');
    expect(() => named.read('allegro')).toThrow('is the host policy of ezra, not of allegro');
  });

  it('is the one of the host before that of all, and that before the common one', () => {
    const policies = { 'all/host.yaml': 'packages: { remove: never }\n', 'ezra/host.yaml': 'packages: { remove: allowed }\n' };
    using files = operator(policies, 'agent: { heal: false }\n');

    expect(files.read('ezra').content).toContain('allowed');
    expect(files.read('allegro').content).toContain('never');
  });

  it.each([
    ['a key that does not exist', 'remot: {}\n', 'remot'],
    ['no YAML', 'a: [\n', 'policy.yaml:'],
  ])('with %s is refused before any host is touched', (_what, text, said) => {
    using files = operator({}, text);

    expect(() => files.read('ezra')).toThrow(said);
  });
});

describe('the files of a bootstrap', () => {
  it('are those for all hosts and over them those of the host, each 0600', () => {
    using files = operator({
      'all/token': 'common',
      'all/ssh/known_hosts': 'a line',
      'ezra/token': 'of ezra',
      'allegro/age.key': 'of allegro',
      'README.md': 'beside them',
    });

    expect(files.read('ezra').others).toEqual([
      { path: 'ssh/known_hosts', content: 'a line', mode: 0o600 },
      { path: 'token', content: 'of ezra', mode: 0o600 },
    ]);
  });

  it('must be readable by nobody else, but for what holds no secret', () => {
    using files = operator({ 'all/token': token, 'all/allowed_signers': 'ada@machine.example ssh-ed25519 AAAA' });
    chmodSync(join(files.directory, 'all/allowed_signers'), 0o644);
    expect(files.read('ezra').others).toHaveLength(2);
    chmodSync(join(files.directory, 'all/token'), 0o640);

    expect(() => files.read('ezra')).toThrow(/token can be read by others$/);
    expect(() => files.read('ezra')).not.toThrow(token);
  });

  it('cannot be links, nor have names that do not fit into a line', () => {
    using linked = operator({});
    mkdirSync(join(linked.directory, 'all'));
    symlinkSync('/etc/shadow', join(linked.directory, 'all/token'));
    using named = operator({ 'all/a\nb': '' });

    expect(() => linked.read('ezra')).toThrow('neither a file nor a directory');
    expect(() => named.read('ezra')).toThrow('"a\\nb" is no name for a file there');
    expect(() => readHostFiles('ezra', { policy: undefined, directory: '/nonexistent' })).toThrow(
      '/nonexistent is not a directory',
    );
    expect(() => readHostFiles('ezra', { policy: '/nonexistent', directory: undefined })).toThrow(
      '/nonexistent is no host policy',
    );
  });
});
