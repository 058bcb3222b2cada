import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/model/json.ts';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';
import { authorizedKey } from '../../src/resources/types/authorized-key.ts';
import { config } from '../../src/resources/types/config.ts';
import { download } from '../../src/resources/types/download.ts';
import { file } from '../../src/resources/types/file.ts';
import { tree } from '../../src/resources/types/tree.ts';
import { theLaws } from '../support/laws.ts';
import { openRig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const motd = { path: '/etc/motd', content: 'hello\n' };

const isRoot = process.geteuid?.() === 0;

/** Nobody else can give a file away. */
const ofRoot = isRoot
  ? [
      {
        name: 'changes only the group of a program that runs with it',
        attributes: { ...motd, mode: '2755', group: '12' },
        given: (root: string) => {
          writeFileSync(join(root, 'etc/motd'), 'hello\n');
          chownSync(join(root, 'etc/motd'), 0, 13);
          chmodSync(join(root, 'etc/motd'), 0o2755);
        },
      },
    ]
  : [];

theLaws(file, [
  ...ofRoot,
  { name: 'creates a file', attributes: motd },
  { name: 'creates missing parents', attributes: { path: '/srv/a/b/c', content: 'x' } },
  { name: 'replaces content', attributes: motd, given: (root) => writeFileSync(join(root, 'etc/motd'), 'old\n') },
  {
    name: 'changes only the mode',
    attributes: { ...motd, mode: '0600' },
    given: (root) => {
      writeFileSync(join(root, 'etc/motd'), 'hello\n');
      chmodSync(join(root, 'etc/motd'), 0o644);
    },
  },
  {
    name: 'replaces a link by a file and leaves its target',
    attributes: motd,
    given: (root) => symlinkSync('/etc/passwd', join(root, 'etc/motd')),
  },
  {
    name: 'removes a file',
    attributes: { path: '/etc/motd', ensure: 'absent' },
    given: (root) => writeFileSync(join(root, 'etc/motd'), 'old\n'),
  },
  {
    name: 'seeds once',
    attributes: { ...motd, create_only: true },
    given: (root) => writeFileSync(join(root, 'etc/motd'), 'mine\n'),
  },
  { name: 'copies a source', attributes: { path: '/etc/motd', source: 'motd' }, sources: { motd: 'from a file\n' } },
  {
    name: 'heals a mode that somebody opened',
    attributes: motd,
    before: motd,
    given: (root) => {
      mkdirSync(join(root, 'etc'), { recursive: true });
      chmodSync(join(root, 'etc/motd'), 0o666);
    },
  },
]);

describe.skipIf(!isRoot)('who had a file and still has it open', () => {
  const nobody = 65534;
  const path = '/srv/bin/program';
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada';
  const programs: readonly (readonly [kind: string, AnyResourceType, object, text: string])[] = [
    ['file', file, { path, content: 'ours', mode: '4755' }, 'ours'],
    ['tree', tree, { path: '/srv/bin', source: 'bin', mode: '4755' }, 'ours'],
    ['download', download, { path, url: 'https://files.example/a', sha256: sha256('ours'), mode: '4755' }, 'ours'],
    ['config', config, { path, format: 'json', set: { ours: 1 } }, '{"ours":1}'],
    ['authorized_key', authorizedKey, { path, user: 'ada', key }, `${key}\n`],
  ];
  const given = (root: string, text = 'ours'): string => {
    const program = join(root, path);
    for (const directory of ['etc', 'srv/bin']) mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(root, 'etc/passwd'), 'ada:x:1234:1234::/home/ada:/bin/sh\n');
    writeFileSync(program, text);
    return program;
  };
  const writeTheirs = (descriptor: number): void => {
    writeSync(descriptor, 'evil', 0);
    closeSync(descriptor);
  };

  it.each(programs)("cannot write to it once it is somebody else's: %s", async (kind, type, attributes, text) => {
    using directory = temporaryDirectory();
    using rig = openRig(directory.path, [type]);
    const program = given(rig.root, text);
    chownSync(program, nobody, nobody);
    const theirs = openSync(program, 'r+');

    const owners = kind === 'authorized_key' ? {} : { owner: '0', group: '0' };
    await rig.apply([rig.resource(type, { ...attributes, ...owners }, { 'bin/program': 'ours' })]);
    writeTheirs(theirs);

    expect(readFileSync(program, 'utf8')).toBe(text);
    expect(statSync(program).uid).not.toBe(nobody);
  });

  it('cannot write to it once it has been put back', async () => {
    using directory = temporaryDirectory();
    using rig = openRig(directory.path, [file]);
    const program = given(rig.root);
    let theirs = -1;
    const resource = rig.resource(file, { path: '/srv/bin/program', content: 'ours', owner: String(nobody) });
    const failing = rig.apply([resource], (host) => ({
      ...host,
      async commit(signal) {
        await host.commit(signal);
        theirs = openSync(program, 'r+');
        throw new Error('later');
      },
    }));
    await expect(failing).rejects.toThrow('later');

    await rig.recover();
    writeTheirs(theirs);

    expect(readFileSync(program, 'utf8')).toBe('ours');
  });
});

describe('a file that is only seeded and leaves git', () => {
  const seeded = { path: '/seed', content: 'seed\n', create_only: true };

  it('stays with whoever edited it', async () => {
    using directory = temporaryDirectory();
    using rig = openRig(directory.path, [file]);
    await rig.apply([rig.resource(file, seeded)]);
    writeFileSync(join(rig.root, 'seed'), 'mine\n');

    expect(await rig.apply([])).toEqual([]);

    expect(readFileSync(join(rig.root, 'seed'), 'utf8')).toBe('mine\n');
  });

  it('stays away where somebody removed it', async () => {
    using directory = temporaryDirectory();
    using rig = openRig(directory.path, [file]);
    await rig.apply([rig.resource(file, seeded)]);
    rmSync(join(rig.root, 'seed'));
    const other = rig.resource(file, { path: '/other', content: 'seed\n' });

    const { steps } = await rig.plan([other]);
    expect(steps.map(({ address, diff }) => [address, diff.action])).toEqual([
      ['file[/other]', 'create'],
      ['file[/seed]', 'none'],
    ]);
    expect(await rig.apply([other])).toEqual(['file[/other]']);
    expect(existsSync(join(rig.root, 'seed'))).toBe(false);
  });
});
