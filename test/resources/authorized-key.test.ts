import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linesOf, setKeyLine } from '../../src/resources/authorized-keys.ts';
import { authorizedKey } from '../../src/resources/types/authorized-key.ts';
import { file } from '../../src/resources/types/file.ts';
import { tree } from '../../src/resources/types/tree.ts';
import { theLaws } from '../support/laws.ts';
import { makePublicKey } from '../support/public-key.ts';
import { makeRepository } from '../support/repository.ts';
import { openRig } from '../support/resource-rig.ts';
import { snapshot } from '../support/snapshot.ts';
import { prepare } from './converge-kind.ts';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'keys-'))));
afterEach(() => rmSync(root, { recursive: true }));

const keys = 'home/ada/.ssh/authorized_keys';
const put = (path: string, text: string, mode = 0o600): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, text, { mode });
};
const [first, second, third] = [makePublicKey(1), makePublicKey(2), makePublicKey(3)];
const key = { user: 'ada', key: first };
const foreign = `# mine\n\n${second}\nfrom="192.0.2.0/24,!192.0.2.7",command="echo \\"a b\\"" ${third} no end`;

theLaws(authorizedKey, [
  { name: 'makes the file and its directory', attributes: key },
  { name: 'joins foreign lines', attributes: key, given: (base) => put(join(base, keys), foreign) },
  { name: 'gives a key other options', attributes: { ...key, options: ['restrict'] }, before: key },
  {
    name: 'puts another key in its place',
    attributes: { ...key, name: 'laptop', key: second },
    before: { ...key, name: 'laptop' },
  },
  { name: 'removes a key', attributes: { ...key, ensure: 'absent' }, before: key },
  {
    name: 'removes a key that stands there twice, among others',
    attributes: { ...key, ensure: 'absent' },
    given: (base) => put(join(base, keys), `${second}\nrestrict ${first}\n# x\n${first}`),
  },
  {
    name: 'closes a file and a directory that others can write',
    attributes: key,
    given(base) {
      put(join(base, keys), `${first}\n`);
      chmodSync(join(base, keys), 0o664);
      chmodSync(dirname(join(base, keys)), 0o775);
    },
  },
  {
    name: 'gives the user what belongs to somebody else',
    attributes: key,
    given(base) {
      put(join(base, 'etc/passwd'), 'ada:x:4001:4001::/home/ada:/bin/sh\n', 0o644);
      put(join(base, keys), foreign);
    },
  },
  { name: 'writes where it is told', attributes: { ...key, path: '/etc/ssh/keys/ada' } },
]);

describe('what an authorized key may say', () => {
  const line = (attributes: object): string => prepare(authorizedKey, { ...key, ...attributes }).desired?.line;

  it('is one line: options, key and comment', () => {
    expect(line({})).toBe(first);
    expect(line({ key: `  ${first}\n` })).toBe(first);
    expect(line({ options: ['restrict', 'from="192.0.2.0/24"', 'command="echo \\"x\\", y"'] })).toBe(
      `restrict,from="192.0.2.0/24",command="echo \\"x\\", y" ${first}`,
    );
  });

  it.each([
    ['another text', { key: 'hello' }, 'key: expected a public key'],
    ['a private key', { key: '-----BEGIN OPENSSH PRIVATE KEY-----' }, 'key: expected a public key'],
    ['an old kind of key', { key: first.replace('ssh-ed25519', 'ssh-dss') }, 'key: expected a public key'],
    ['options inside the key', { key: `restrict ${first}` }, 'key: expected a public key'],
    ['two keys', { key: `${first}\n${second}` }, 'key: must be one line'],
    ['a key that is cut short', { key: first.slice(0, 60) }, 'key: the key is cut short'],
    ['a key that names another type', { key: first.replace('ssh-ed25519', 'ssh-rsa') }, 'not a key of the type ssh-rsa'],
    ['an unknown option', { options: ['no-ptty'] }, 'options.0: sshd has no option "no-ptty", and would ignore the key'],
    ['an option without its value', { options: ['from'] }, 'options.0: "from" needs a value'],
    ['a value without quotes', { options: ['from=192.0.2.1'] }, 'in double quotes'],
    ['a value that ends early', { options: ['command="a" b"'] }, 'in double quotes'],
    ['a value with a newline', { options: ['command="a\nb"'] }, 'options.0: must be one line'],
    ['a value for a plain option', { options: ['restrict="x"'] }, '"restrict" takes no value'],
    ['a user that climbs', { user: '../x' }, 'user: expected a name'],
    ['a relative path', { path: '.ssh/authorized_keys' }, 'path: expected an absolute path'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(prepare(authorizedKey, { ...key, ...attributes }).problems.join('\n')).toContain(message);
  });

  it('is known by its user and its name, its comment, or its end', () => {
    expect(prepare(authorizedKey, { ...key, name: 'laptop' }).id).toBe('ada/laptop');
    expect(prepare(authorizedKey, key).id).toBe('ada/key-1');
    expect(prepare(authorizedKey, { ...key, key: makePublicKey(1, 'my old laptop') }).id).toMatch(/^ada\/[\w+/=]{16}$/);
  });
});

it('every other byte stays, wherever the key stands', () => {
  const other = fc.constantFrom('', '# note', second, `restrict ${third}`, 'ssh-ed25519', '\xe9 \r', ' ', '"', 'a "b" c');
  const mine = fc.constantFrom(first, `restrict ${first}`, `command="x \\" y" ${first} z`);
  fc.assert(
    fc.property(fc.array(other), fc.array(mine, { maxLength: 2 }), fc.boolean(), fc.nat(), (others, own, hasEnd, at) => {
      const place = at % (others.length + 1);
      const end = hasEnd ? '\n' : '';
      const text = [...others.slice(0, place), ...own, ...others.slice(place)].join('\n') + end;
      const blob = first.split(' ')[1]!;

      const added = setKeyLine(text, [blob], first);
      const removed = setKeyLine(added, [blob], undefined);

      expect(linesOf(added, [blob])).toEqual([first]);
      expect(setKeyLine(added, [blob], first)).toBe(added);
      const rest = (all: string): string[] => all.split('\n').filter((each) => linesOf(each, [blob]).length === 0 && each !== '');
      expect(rest(removed)).toEqual(rest(text));
      expect(linesOf(removed, [blob])).toEqual([]);
    }),
    { numRuns: 500, seed: 20261120 },
  );
});

describe('a file of keys that another kind had', () => {
  it.each([
    ['file', { path: `/${keys}`, content: `${first}\n` }, {}],
    ['tree', { path: '/home/ada', source: 'home' }, { 'home/.ssh/authorized_keys': `${first}\n` }],
  ])('stays when its keys are managed one by one (%s)', async (kind, attributes, sources) => {
    const types = [file, tree, authorizedKey];
    using rig = openRig(root, types);
    await rig.apply([
      rig.resource(
        types.find((type) => type.kind === kind)!,
        attributes,
        sources,
      ),
    ]);

    const one = rig.resource(authorizedKey, key);
    await rig.apply([one]);

    expect(readFileSync(join(rig.root, keys), 'utf8')).toBe(`${first}\n`);
    expect((await rig.plan([one])).steps).toMatchObject([{ address: one.address, cause: 'converged' }]);
  });
});

describe('keys of one file', () => {
  it('are pruned one by one when they leave git', async () => {
    using rig = openRig(root, [authorizedKey]);
    const [one, two] = [rig.resource(authorizedKey, key), rig.resource(authorizedKey, { ...key, key: second })];
    await rig.apply([one, two]);

    expect(await rig.apply([two])).toEqual(['authorized_key[ada/key-1]']);

    expect(readFileSync(join(rig.root, keys), 'utf8')).toBe(`${second}\n`);
  });

  it('go from the old file when they get another one, and are not pruned where only the path comes to be written', async () => {
    using rig = openRig(root, [authorizedKey]);
    const at = (path?: string) => rig.resource(authorizedKey, { ...key, ...(path !== undefined && { path }) });
    put(join(rig.root, keys), `${second}\n`);
    await rig.apply([at()]);

    await rig.apply([at(`/${keys}`)]);
    expect(readFileSync(join(rig.root, keys), 'utf8')).toBe(`${second}\n${first}\n`);

    await rig.apply([at('/etc/ssh/keys/ada')]);
    expect(readFileSync(join(rig.root, keys), 'utf8')).toBe(`${second}\n`);
    expect(readFileSync(join(rig.root, 'etc/ssh/keys/ada'), 'utf8')).toBe(`${first}\n`);
  });

  it('stay when only their name changes, and can change places', async () => {
    using rig = openRig(root, [authorizedKey]);
    const named = (name: string, which: string) => rig.resource(authorizedKey, { user: 'ada', name, key: which });
    await rig.apply([named('a', first), named('b', second)]);
    const before = snapshot(rig.root);

    await rig.apply([named('c', first), named('b', second)]);
    expect(snapshot(rig.root)).toBe(before);

    await rig.apply([named('c', second), named('b', first)]);
    expect(readFileSync(join(rig.root, keys), 'utf8').trim().split('\n').sort()).toEqual([first, second]);
  });

  it.each([
    ['another comment', { key: makePublicKey(1, 'other') }],
    ['other options', { name: 'other', options: ['restrict'] }],
  ])('are not wanted once more with %s', async (_what, attributes) => {
    using rig = openRig(root, [authorizedKey]);
    const wanted = rig.resource(authorizedKey, key);
    await rig.apply([wanted]);

    await expect(rig.plan([wanted, rig.resource(authorizedKey, { ...key, ...attributes })])).rejects.toThrow(
      'one resource wants this key of ada, and another one wants it with another comment or other options',
    );
  });

  it('are not both wanted and unwanted', async () => {
    using rig = openRig(root, [authorizedKey]);
    const wanted = rig.resource(authorizedKey, key);
    const unwanted = rig.resource(authorizedKey, { ...key, name: 'old', ensure: 'absent' });

    await expect(rig.plan([wanted, unwanted])).rejects.toThrow(
      'one resource wants this key of ada, and another one wants it gone',
    );
  });
});

it('a home elsewhere is told, with the path to write', async () => {
  using rig = openRig(root, [authorizedKey]);
  put(join(rig.root, 'etc/passwd'), 'ada:x:4001:4001::/srv/ada:/bin/sh\n', 0o644);

  await expect(rig.plan([rig.resource(authorizedKey, key)])).rejects.toThrow('add \\"path: /srv/ada/.ssh/authorized_keys\\"');
});

it('a home with a slash at its end is the same place', async () => {
  using rig = openRig(root, [authorizedKey]);
  put(join(rig.root, 'etc/passwd'), 'ada:x:4001:4001::/home/ada/:/bin/sh\n', 0o644);

  const { steps } = await rig.plan([rig.resource(authorizedKey, key)]);

  expect(steps.map(({ diff }) => diff.action)).toEqual(['create']);
});

it('makes files that sshd accepts: 0600 in a directory 0700', async () => {
  using rig = openRig(root, [authorizedKey]);
  await rig.apply([rig.resource(authorizedKey, key)]);

  expect(statSync(join(rig.root, keys)).mode & 0o7777).toBe(0o600);
  expect(statSync(dirname(join(rig.root, keys))).mode & 0o7777).toBe(0o700);
});

it.each([
  ['with the usual file', '', ['the home of ada is /srv/ada, so that sshd would look for the key there']],
  ['with a file of its own', 'path: /srv/ada/.ssh/authorized_keys', []],
  ['that is to be gone', 'ensure: absent', []],
])('beside a user that gets another home, a key %s', (_what, more, messages) => {
  const user = '- { kind: user, name: ada, home: /srv/ada }';
  using repository = makeRepository(`${user}\n- { kind: authorized_key, user: ada, key: "${first}", ${more} }`);

  const { problems } = repository.report(['--check']);

  expect(problems).toMatchObject(messages.map((message) => ({ code: 'contradiction', message })));
});

describe('a link', () => {
  const resources = `- { kind: authorized_key, user: ada, key: "${first}" }`;

  it.each([
    ['in the place of the directory', 'home/ada/.ssh'],
    ['in the place of the file', keys],
  ])('%s stops the run, and nothing is written through it', (_where, name) => {
    using repository = makeRepository(resources);
    const target = join(repository.root, 'target');
    mkdirSync(target);
    const link = join(repository.root, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(name === keys ? join(target, 'file') : target, link);
    const before = snapshot(repository.root);

    const { exit, problems } = repository.report();

    expect({ exit, code: problems[0]?.code }).toEqual({ exit: 7, code: name === keys ? 'unsafe-target' : 'symlink-in-path' });
    expect(snapshot(repository.root, { ignore: (path) => path.startsWith('/var') })).toBe(before);
    expect(existsSync(join(target, 'file'))).toBe(false);
  });
});
