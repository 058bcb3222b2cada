import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import { config } from '../../src/resources/types/config.ts';
import { theLaws } from '../support/laws.ts';
import { openRig, type Rig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const yaml = '# Hermes, by hand\nmodel:\n  default: old   # the model\n  provider: auto\n\nagent: {max_turns: 5, verbose: no}\n';
const write = (root: string, path: string, text: string): void => {
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(root + path, text);
};
const path = '/etc/app.yaml';

theLaws(config, [
  { name: 'creates a file', attributes: { path, set: { model: { default: 'new' }, 'agent.max_turns': 9 } } },
  { name: 'edits a file', given: (root) => write(root, path, yaml), attributes: { path, set: { 'model.default': 'new' } } },
  { name: 'unsets a key', given: (root) => write(root, path, yaml), attributes: { path, unset: ['model.provider', 'gone'] } },
  {
    name: 'takes out what left git',
    before: { path, set: { a: 1, b: [1, 2] } },
    attributes: { path, set: { a: 2 }, mode: '0640' },
  },
  {
    name: 'sets only the mode',
    given: (root) => write(root, path, 'a: 1\n'),
    attributes: { path, set: { a: 1 }, mode: '0600' },
  },
  {
    name: 'edits JSON',
    given: (root) => write(root, '/etc/a.json', '{"a":1}'),
    attributes: { path: '/etc/a.json', set: { b: null } },
  },
  {
    name: 'edits TOML',
    given: (root) => write(root, '/etc/a.toml', 'a = 1\n'),
    attributes: { path: '/etc/a.toml', set: { 't.b': true } },
  },
  {
    name: 'edits INI',
    given: (root) => write(root, '/etc/a.ini', '[s]\na=1\n'),
    attributes: { path: '/etc/a.ini', set: { s: { b: 2 } } },
  },
  { name: 'writes a secret', attributes: { path: '/etc/.env', set: { TOKEN: Secret.of('it\'s "x" \\y') } } },
]);

async function withRig(run: (rig: Rig, at: (name: string) => string) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [config]);
  mkdirSync(join(rig.root, 'etc'), { recursive: true });
  await run(rig, (name) => readFileSync(rig.root + name, 'utf8'));
}

const changesOf = async (rig: Rig, attributes: object): Promise<readonly unknown[]> => {
  const { diff } = (await rig.plan([rig.resource(config, attributes)])).steps[0]!;
  return diff.action === 'none' ? [] : diff.changes.map(({ field, from, to }) => [field, from, to]);
};

it.each<[string, string, object, unknown[]]>([
  ['a leaf that is as desired', yaml, { set: { model: { default: 'old' } } }, []],
  ['a leaf that differs', yaml, { set: { 'model.default': 'new' } }, [['model.default', 'old', 'new']]],
  ['a leaf that is not there', yaml, { set: { 'model.api_mode': 'x' } }, [['model.api_mode', null, 'x']]],
  [
    'a text that YAML 1.1 would read as a truth value',
    yaml,
    { set: { 'agent.verbose': 'no' } },
    [['agent.verbose', false, 'no']],
  ],
  ['a truth value that is written as a word', yaml, { set: { 'agent.verbose': false } }, []],
  ['an octal number that is a text', 'a: 0777\n', { set: { a: '0777' } }, [['a', 511, '0777']]],
  [
    'a word that is true to some readers',
    'a: [{k: y}]\n',
    { set: { a: 'y' } },
    [['a', [{ k: 'y (programs disagree on it)' }], 'y']],
  ],
  ['a list, as one value', 'a: [1, 2]\n', { set: { a: [2, 1] } }, [['a', [1, 2], [2, 1]]]],
  ['a key with a dot', 'a.b: 1\n', { set: { 'a\\.b': 2 } }, [['a\\.b', 1, 2]]],
  ['a key with a dot, given nested', 'm: {a.b: 1}\n', { set: { m: { 'a.b': 2 } } }, [['m.a\\.b', 1, 2]]],
  ['an unset mapping', yaml, { unset: ['agent'] }, [['agent', { max_turns: 5, verbose: false }, null]]],
  ['an unset key that is not there', yaml, { unset: ['agent.none', 'x.y'] }, []],
  [
    'a value where a mapping is needed',
    'model: old\n',
    { set: { 'model.default': 'new' } },
    [
      ['model.default', null, 'new'],
      ['model', 'old', null],
    ],
  ],
  ['an empty value where a mapping is needed', 'model:\n', { set: { 'model.default': 'new' } }, [['model.default', null, 'new']]],
])('the diff shows %s', (_name, text, attributes, expected) =>
  withRig(async (rig) => {
    write(rig.root, path, text);

    expect(await changesOf(rig, { path, ...attributes })).toEqual(expected);
  }),
);

it('an edit keeps all other bytes', () =>
  withRig(async (rig, at) => {
    write(rig.root, path, yaml);

    await rig.apply([rig.resource(config, { path, set: { 'model.default': 'new', 'agent.max_turns': 7 } })]);

    expect(at(path)).toBe(yaml.replace('old', 'new').replace('5', '7'));
  }));

it('a key that left git goes, unless a person has changed it since', () =>
  withRig(async (rig, at) => {
    write(rig.root, path, 'mine: 1\n');
    await rig.apply([rig.resource(config, { path, set: { a: 1, b: 2, c: 3 } })]);
    writeFileSync(rig.root + path, at(path).replace('b: 2', 'b: 20'));

    await rig.apply([rig.resource(config, { path, set: { c: 3 } })]);

    expect(at(path)).toBe('mine: 1\nb: 20\nc: 3\n');
  }));

it('a resource that left git takes its keys along and leaves the file', () =>
  withRig(async (rig, at) => {
    write(rig.root, path, '# mine\nmine: 1\n');
    await rig.apply([rig.resource(config, { path, set: { a: 1, m: { x: [1], y: 'z' } } })]);

    await rig.apply([]);

    expect(at(path)).toBe('# mine\nmine: 1\n');
  }));

it('tells upstream changes, drift and conflicts apart', () =>
  withRig(async (rig, at) => {
    const wanted = (value: number) => [rig.resource(config, { path, set: { a: value, b: 1 } })];
    const causeOf = async (value: number): Promise<string> => (await rig.plan(wanted(value))).steps[0]!.cause;
    await rig.apply(wanted(1));

    expect(await causeOf(1)).toBe('converged');
    expect(await causeOf(2)).toBe('upstream');
    writeFileSync(rig.root + path, `${at(path)}foreign: 1\n`);
    expect(await causeOf(1)).toBe('converged');
    writeFileSync(rig.root + path, at(path).replace('a: 1', 'a: 5'));
    expect(await causeOf(1)).toBe('drift');
    expect(await causeOf(2)).toBe('conflict');
    expect(await causeOf(5)).toBe('adopted');
  }));

it('a dropped key is an upstream change', () =>
  withRig(async (rig) => {
    await rig.apply([rig.resource(config, { path, set: { model: 'x', b: 1 } })]);

    expect((await rig.plan([rig.resource(config, { path, set: { b: 1 } })])).steps[0]!.cause).toBe('upstream');
    expect((await rig.plan([rig.resource(config, { path, set: { 'model.default': 'x', b: 1 } })])).steps[0]!.cause).toBe(
      'upstream',
    );
  }));

it.each([
  ['YAML that cannot be parsed', 'a: [1\nsecret: hunter2\n', 'not valid YAML at line'],
  ['two keys of one name', 'a: 1\na: 2\n', 'the same key twice at line 2'],
  ['more than one document', 'a: 1\n---\nb: 2\n', 'more than one YAML document'],
  ['a list at the top', '- 1\n', 'not a YAML mapping'],
  ['nesting without end', `a: ${'['.repeat(20_000)}`, 'nested deeper than 100 levels'],
  [
    'an alias bomb',
    `a: &a [1,1,1,1,1,1,1,1,1]\n${[...'bcdefgh'].map((key, i) => `${key}: &${key} [${`*${'abcdefg'[i]},`.repeat(9)}]\n`).join('')}`,
    'more than 200000 values',
  ],
  ['a text that is too large', `a: ${'x'.repeat(1024 * 1024)}\n`, 'larger than 256 KiB'],
  ['a value that is an alias', 'b: &b {c: 1}\nx: *b\n', 'x is an alias'],
  ['a value that others alias', 'x: &b {y: 1}\nz: *b\n', 'z.y would change too'],
])('%s is refused, and never overwritten', (_name, text, message) =>
  withRig(async (rig, at) => {
    write(rig.root, path, text);
    const resource = rig.resource(config, { path, set: { 'x.y': 2 } });

    await expect(rig.plan([resource])).rejects.toThrow(message);
    await expect(rig.plan([resource])).rejects.not.toThrow('hunter2');
    expect(at(path)).toBe(text);
  }),
);

it.each([
  ['/etc/app.yaml', 'chain:\n  - key: 1\n', { set: { chain: { 0: { key: 2 } } } }],
  ['/etc/app.json', '{"chain":[{"key":1}]}\n', { set: { 'chain.key': 2 } }],
  ['/etc/app.toml', 'chain = [1]\n', { set: { 'chain.0': 2 } }],
  ['/etc/app.yaml', 'chain: [1]\n', { unset: ['chain.0'] }],
])('a list of others in %s has no keys to edit', (file, text, attributes) =>
  withRig(async (rig, at) => {
    write(rig.root, file, text);

    await expect(rig.plan([rig.resource(config, { path: file, ...attributes })])).rejects.toThrow('chain is a list here');
    expect(at(file)).toBe(text);
  }),
);

it('a list that is empty, or was set by this resource, makes way for a mapping; a name below a list is unset as it is', () =>
  withRig(async (rig, at) => {
    write(rig.root, path, 'empty: []\nkept: [1]\n');
    await rig.apply([rig.resource(config, { path, set: { ours: [1] } })]);

    await rig.apply([rig.resource(config, { path, set: { ours: { x: 1 }, empty: { x: 1 } }, unset: ['kept.x'] })]);

    expect(at(path)).toBe('empty:\n  x: 1\nkept: [1]\nours:\n  x: 1\n');
  }));

it('a symbolic link in place of the file is refused', () =>
  withRig(async (rig) => {
    write(rig.root, '/etc/real.yaml', 'a: 1\n');
    symlinkSync('real.yaml', rig.root + path);

    await expect(rig.plan([rig.resource(config, { path, set: { a: 2 } })])).rejects.toThrow('is a link');
  }));

it('a file keeps its mode unless one is given, and a new one with a secret is private', () =>
  withRig(async (rig) => {
    write(rig.root, path, 'a: 1\n');
    chmodSync(rig.root + path, 0o604);
    const modeOf = (name: string): number => statSync(rig.root + name).mode & 0o777;

    await rig.apply([
      rig.resource(config, { path, set: { a: 2 } }),
      rig.resource(config, { path: '/etc/b.yaml', set: { key: Secret.of('hunter2') } }),
      rig.resource(config, { path: '/etc/c.yaml', set: { a: 1 } }),
      rig.resource(config, { path: '/etc/.env', set: { A: 1 } }),
    ]);

    expect([path, '/etc/b.yaml', '/etc/c.yaml', '/etc/.env'].map(modeOf)).toEqual([0o604, 0o600, 0o644, 0o600]);
  }));

it.each<[string, object, string]>([
  ['a file without a known extension', { path: '/etc/app.conf', set: { a: 1 } }, 'does not tell its format'],
  ['nothing to do', { path }, 'neither "set" nor "unset"'],
  ['an empty mapping', { path, set: { a: {} } }, 'sets nothing'],
  ['an empty key', { path, set: { 'a..b': 1 } }, 'cannot be empty'],
  ['one key twice', { path, set: { 'a.b': 1, a: { b: 2 } } }, 'set twice'],
  ['a key below a value', { path, set: { a: 1, 'a.b': 2 } }, 'lies below a'],
  ['a key that is set and unset', { path, set: { a: 1 }, unset: ['a'] }, 'both set and unset'],
  ['a key below an unset one', { path, set: { 'a.b': 1 }, unset: ['a'] }, 'which is unset'],
  ['an unset key below a value', { path, set: { a: 1 }, unset: ['a.b'] }, 'which is set to a value'],
  ['null in TOML', { path: '/etc/a.toml', set: { a: null } }, 'TOML has no null'],
  ['two lines in INI', { path: '/etc/a.ini', set: { s: { a: 'x\ny' } } }, 'one line'],
  ['a list in an environment file', { path: '/etc/.env', set: { A: [1] } }, 'is a text'],
  ['a name that no environment has', { path: '/etc/.env', set: { 'A-B C': 1 } }, 'not the name of an environment variable'],
  ['a mode without quotes', { path, set: { a: 1 }, mode: 420 }, 'in quotes'],
  ['an unknown attribute', { path, sets: { a: 1 } }, 'sets'],
  ['a path that climbs', { path: '/etc/../a.yaml', set: { a: 1 } }, 'climb'],
  ['a check without the file', { path, set: { a: 1 }, validate: ['true'] }, '%s'],
])('%s is a problem', (_name, attributes, message) =>
  withRig(async (rig) => {
    expect(() => rig.resource(config, attributes)).toThrow(message);
    expect(existsSync(rig.root + path)).toBe(false);
  }),
);
