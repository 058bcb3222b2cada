import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Argv, Host } from '../../src/host/host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { user } from '../../src/resources/types/user.ts';
import { captureUser, restoreUser } from '../../src/resources/user-undo.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { prepare, signal } from './converge-kind.ts';

const desiredOf = (attributes: object) => prepare(user, { name: 'app', ...attributes }).desired;
const account = { uid: 2001, group: 'app', groups: ['adm'], comment: 'App', home: '/home/app', shell: '/bin/sh', hasHome: true };
const state = { user: account, rival: null, hasHomeAlone: true };
const missing = { ...state, user: null, hasHomeAlone: false };

describe('what a user may say', () => {
  it.each([
    ['no name', { name: undefined }, 'name'],
    ['a name that climbs', { name: '../x' }, 'name: expected a name'],
    ['a name with a line break', { name: 'a\nroot' }, 'name: expected a name'],
    ['a number as a group', { group: 100 }, 'group: expected a name, not a numeric id'],
    ['a list of groups as a text', { groups: 'adm,sudo' }, 'groups'],
    ['a group with a comma', { groups: ['adm,sudo'] }, 'groups.0: expected a name'],
    ['a comment with a colon', { comment: 'a:b' }, 'comment: a comment cannot hold a colon'],
    ['a comment with a line break', { comment: 'a\nroot::0:0' }, 'comment: a comment cannot hold a colon or a line break'],
    ['a relative home', { home: 'app' }, 'home: expected an absolute path'],
    ['a shell with arguments and a line break', { shell: '/bin/sh\n' }, 'shell: a path cannot hold'],
    ['a password', { password: 'x' }, 'password'],
    ['a negative id', { uid: -1 }, 'uid'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(prepare(user, { name: 'app', ...attributes }).problems.join('\n')).toContain(message);
  });

  it('needs its groups first, unless it goes', () => {
    expect(user.requires?.(desiredOf({ group: 'a', groups: ['c', 'b', 'b'] }))).toEqual(['group[a]', 'group[b]', 'group[c]']);
    expect(user.requires?.(desiredOf({}))).toEqual(['group[app]']);
    expect(user.requires?.(desiredOf({ group: 'a', ensure: 'absent' }))).toEqual([]);
  });
});

describe('what differs', () => {
  it.each([
    ['nothing: what is not said is not looked at', {}, state, []],
    ['nothing: all is as said', { uid: 2001, group: 'app', groups: ['adm'], comment: 'App', home: '/home/app' }, state, []],
    ['nothing: more groups are allowed', { groups: [], append: true }, state, []],
    ['nothing: it is gone', { ensure: 'absent' }, missing, []],
    ['nothing: no home is wanted', { create_home: false }, { ...state, user: { ...account, hasHome: false } }, []],
    ['all of it', {}, missing, ['user: null → next free id']],
    [
      'all of it, with what is said of it',
      { uid: 2001, groups: ['sudo'], append: true, shell: '/bin/bash' },
      missing,
      ['user: null → 2001', 'shell: null → /bin/bash', 'groups: null → sudo'],
    ],
    ['its groups', { groups: ['sudo'] }, state, ['groups: adm → sudo']],
    ['a group too few', { groups: ['sudo'], append: true }, state, ['groups: adm → adm,sudo']],
    ['its groups: none are wanted', { groups: [] }, state, ['groups: adm → ']],
    ['its shell', { shell: '/bin/bash' }, state, ['shell: /bin/sh → /bin/bash']],
    ['its comment', { comment: '' }, state, ['comment: App → ']],
    ['that its home is missing', {}, { ...state, user: { ...account, hasHome: false } }, ['home directory: null → /home/app']],
    [
      'nothing: accounts without a home get none',
      {},
      { ...state, user: { ...account, home: '/nonexistent', hasHome: false } },
      [],
    ],
    ['that it is there', { ensure: 'absent' }, state, ['user: 2001 → null']],
    [
      'that it and its home are there',
      { ensure: 'absent', remove_home: true },
      state,
      ['user: 2001 → null', 'home directory: /home/app → null'],
    ],
  ])('is %s', (_what, attributes, actual, expected) => {
    const diff = user.diff(desiredOf(attributes), actual);
    const shown =
      diff.action === 'none' ? [] : diff.changes.map(({ field, from, to }) => `${field}: ${String(from)} → ${String(to)}`);
    expect(shown).toEqual(expected);
  });
});

describe('is refused', () => {
  it.each([
    ['another id', { uid: 2002 }, state, 'its files would no longer be its own'],
    ['an id that is taken', { uid: 0 }, { ...missing, rival: 'root' }, 'the id 0 belongs to root already'],
    ['the end of root', { ensure: 'absent' }, { ...state, user: { ...account, uid: 0 } }, 'is not removed'],
    ['the end of a shared home', { ensure: 'absent', remove_home: true }, { ...state, hasHomeAlone: false }, 'is not its alone'],
    [
      'the end of a home at the top',
      { ensure: 'absent', remove_home: true },
      { ...state, user: { ...account, home: '/srv' } },
      '/srv',
    ],
  ])('%s', (_what, attributes, actual, message) => {
    expect(user.refuses?.(desiredOf(attributes), actual, [])).toMatchObject([
      { code: 'unsafe-target', message: expect.stringContaining(message) as string },
    ]);
  });
});

it('policy hears of a home that goes, with all that is in it, and of one that is made', () => {
  using directory = temporaryDirectory();
  mkdirSync(join(directory.path, 'home/app/.ssh'), { recursive: true });
  writeFileSync(join(directory.path, 'home/app/.ssh/id'), '');
  const host = openLocalReader({ root: directory.path });
  const writtenBy = (attributes: object, actual: Parameters<typeof user.diff>[1] = state): readonly string[] => {
    const desired = desiredOf(attributes);
    const diff = user.diff(desired, actual);
    return (user.writes?.(desired, diff.action === 'none' ? [] : diff.changes, host) ?? []).slice(2);
  };

  expect(writtenBy({ ensure: 'absent', remove_home: true })).toEqual(['/home/app', '/home/app/.ssh', '/home/app/.ssh/id']);
  expect(writtenBy({ ensure: 'absent' })).toEqual([]);
  expect(writtenBy({ home: '/srv/app' }, { ...state, user: null })).toEqual(['/srv/app']);
  expect(writtenBy({ create_home: false, home: '/srv/app' }, { ...state, user: null })).toEqual([]);
  expect(writtenBy({}, { ...state, user: null })).toEqual([]);
  expect(writtenBy({}, { ...state, user: { ...account, hasHome: false } })).toEqual(['/home/app']);
});

it('leaving git never removes a home', () => {
  expect(user.parts?.pruned(desiredOf({ remove_home: true }), ['app'])).toMatchObject({ ensure: 'absent', removeHome: false });
});

describe('a user that stood before and leaves git', () => {
  const desired = desiredOf({ uid: 7, groups: ['adm', 'sudo'], append: true, home: '/srv', shell: '/bin/zsh' });

  it('stays as it is', () => {
    expect(user.parts?.pruned(desired, [])).toBeUndefined();
  });

  it('goes out of the groups that it came into, and out of no other', () => {
    const pruned = user.parts!.pruned(desired, ['app in sudo'])!;
    const diff = (...groups: string[]) => user.diff(pruned, { ...state, user: { ...account, groups } });

    expect(diff('adm', 'audio', 'sudo')).toMatchObject({
      changes: [{ field: 'groups', from: ['adm', 'audio', 'sudo'], to: ['adm', 'audio'] }],
    });
    expect(diff('adm')).toEqual({ action: 'none' });
    expect(user.diff(pruned, missing)).toEqual({ action: 'none' });
    expect(user.refuses?.(pruned, state, [])).toEqual([]);
  });
});

describe('the account files', () => {
  const files = {
    passwd:
      'root:x:0:0:root:/root:/bin/sh\nbroken\nwithout::::::\napp:x:2001:2001:App, Ä:/home/app:/bin/sh\nguest:x:2002:2002::/home/app/in:/bin/sh\napp:x:9:9:::\n+::::::',
    group: 'root:x:0:\nwithout:x::app\nadm:x:4:syslog,app\napp:x:2001:\nsudo:x:27:app\n',
    shadow: 'app:$y$hash:20000:1:90:7:5:22000:\n',
    subuid: 'app:100000:65536\n',
    subgid: '',
  };
  const open = (directory: string) => {
    mkdirSync(join(directory, 'etc'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, 'etc', name), text);
    return openLocalReader({ root: directory });
  };

  it('tell all that there is of a user', async () => {
    using directory = temporaryDirectory();
    const host = open(directory.path);
    const context = { host, last: undefined, signal, survey: new Map() };

    expect(await user.inspect(desiredOf({ uid: 2002 }), context)).toEqual({
      user: {
        uid: 2001,
        group: 'app',
        groups: ['adm', 'sudo'],
        comment: 'App, Ä',
        home: '/home/app',
        shell: '/bin/sh',
        hasHome: false,
      },
      rival: 'guest',
      hasHomeAlone: false,
    });
    for (const name of ['nobody', 'without']) expect(await user.inspect(desiredOf({ name }), context)).toEqual(missing);
    expect([host.userId('app'), host.userName(9), host.userId('without')]).toEqual([2001, 'app', undefined]);
  });

  it('do not tell that two resources want one id, which is refused', async () => {
    using directory = temporaryDirectory();
    const host = open(directory.path);
    const all = [
      { name: 'a', uid: 7 },
      { name: 'b', uid: 7 },
      { name: 'c', uid: 8 },
      { name: 'd', uid: 8, ensure: 'absent' },
    ];
    const wanted = all.map(desiredOf);
    const survey = await user.survey!(wanted, { host, signal });
    const context = { host, last: undefined, signal, survey };

    const states = await Promise.all(wanted.map(async (each) => user.inspect(each, context)));

    expect(states.map(({ rival }) => rival)).toEqual(['user[b]', 'user[a]', null, null]);
  });

  it('tell what its removal must be able to bring back', () => {
    using directory = temporaryDirectory();

    expect(captureUser(desiredOf({ ensure: 'absent' }), open(directory.path))).toMatchObject({
      before: {
        groups: ['adm', 'sudo'],
        shadow: ['app', '$y$hash', '20000', '1', '90', '7', '5', '22000', ''],
        subuids: ['100000-165535'],
        subgids: [],
      },
      ownGroup: { name: 'app', gid: 2001, members: [] },
      home: '/home/app',
      hadHome: false,
    });
  });

  it('tell whose administrator a removed user was, which it becomes again beside those of now', async () => {
    using directory = temporaryDirectory();
    const host = open(directory.path);
    const write = (name: string, text: string): void => writeFileSync(join(directory.path, 'etc', name), text);
    write('gshadow', 'adm:*:root,app:syslog,app\nsudo:*::app\ngone:!:app:\n');
    const undo = captureUser(desiredOf({ ensure: 'absent' }), host);
    write('passwd', 'root:x:0:0:root:/root:/bin/sh\n');
    write('gshadow', 'adm:*:root,ada:syslog\nsudo:*::\n');
    const calls: Argv[] = [];
    const run = (argv: Argv) => {
      calls.push(argv);
      return Promise.resolve({ exitCode: 0, signal: null, timedOut: false, stdout: '', stderr: '' });
    };

    await restoreUser(undo, { ...openLocalReader({ root: directory.path }), run } as unknown as Host, signal);

    expect(calls.filter(([program]) => program === 'gpasswd')).toEqual([['gpasswd', '--administrators', 'root,ada,app', 'adm']]);
  });

  it.each([
    ['a group that it joined', { groups: ['audio'], append: true }, 'adm,audio,docker', ['--groups', 'adm,docker']],
    ['the comment', { comment: 'New' }, 'adm,docker', ['--comment', 'App, Ä']],
  ])('put back %s, and not what others have changed since', async (_what, attributes, groups, words) => {
    using directory = temporaryDirectory();
    const undo = captureUser(desiredOf(attributes), open(directory.path));
    const now = {
      passwd: 'app:x:2001:2001:By hand:/home/app:/bin/bash\n',
      group:
        groups
          .split(',')
          .map((group, index) => `${group}:x:${index}:app\n`)
          .join('') + 'sudo:x:27:\napp:x:2001:\n',
    };
    for (const [name, text] of Object.entries(now)) writeFileSync(join(directory.path, 'etc', name), text);
    const calls: Argv[] = [];
    const run = (argv: Argv) => {
      calls.push(argv);
      return Promise.resolve({ exitCode: 0, signal: null, timedOut: false, stdout: '', stderr: '' });
    };

    await restoreUser(
      undo,
      { ...openLocalReader({ root: directory.path }), removeDirectory: () => undefined, run } as unknown as Host,
      signal,
    );

    expect(calls).toEqual([['usermod', ...words, 'app']]);
  });
});
