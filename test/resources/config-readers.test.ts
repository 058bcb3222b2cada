import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { noContents } from '../../src/model/catalog.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { config } from '../../src/resources/types/config.ts';
import { openRig, type Rig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const ini = '/etc/a.ini';
const env = '/etc/.env';

async function withFile(path: string, text: string, run: (rig: Rig, now: () => string) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [config]);
  mkdirSync(join(rig.root, 'etc'), { recursive: true });
  writeFileSync(rig.root + path, text);
  await run(rig, () => readFileSync(rig.root + path, 'utf8'));
}

it.each<[what: string, text: string, attributes: object, message: string]>([
  [
    'a key',
    '[main]\nLogLevel = info\n',
    { set: { 'main.loglevel': 'debug' } },
    'LogLevel at line 2, column 1 is the same as loglevel',
  ],
  ['the removal of a key', '[main]\n\nLogLevel = info\n', { unset: ['main.loglevel'] }, 'LogLevel at line 3'],
  ['a key above all sections', 'Root = yes\n', { set: { root: 'no' } }, 'Root at line 1'],
  ['a key that has its value, beside another', '[m]\na = 1\nA = 2\n', { set: { 'm.a': '1' } }, 'A at line 3'],
  ['a key in the second section of one name', '[m]\nb = 1\n[n]\n[m]\nA = 2\n', { set: { 'm.a': '1' } }, 'A at line 5'],
  ['a key that only some programs take for one', '[m]\nb = 1\n  A = 2\n', { set: { 'm.a': '1' } }, 'A at line 3'],
])('ini: %s that stands in other case is refused', (_what, text, attributes, message) =>
  withFile(ini, text, async (rig, now) => {
    await expect(rig.plan([rig.resource(config, { path: ini, ...attributes })])).rejects.toThrow(message);
    expect(now()).toBe(text);
  }),
);

it.each<[what: string, text: string, attributes: object, after: string]>([
  ['another section has', '[m]\na = 1\n[n]\nA = 2\n', { set: { 'm.a': '3' } }, '[m]\na = 3\n[n]\nA = 2\n'],
  ['is unset too', '[m]\na = 1\nA = 2\n', { unset: ['m.a', 'm.A'] }, ''],
  ['takes its place', '[m]\nA = 2\nb = 1\n', { set: { 'm.a': '3' }, unset: ['m.A'] }, '[m]\nb = 1\na = 3\n'],
])('ini: a key in other case that %s is no matter', (_what, text, attributes, after) =>
  withFile(ini, text, async (rig, now) => {
    const resource = rig.resource(config, { path: ini, ...attributes });

    await rig.apply([resource]);

    expect(now()).toBe(after);
    expect(await rig.apply([resource])).toEqual([]);
  }),
);

it('ini: a key that is spelled anew in git is moved', () =>
  withFile(ini, '[m]\nb = 1\n', async (rig, now) => {
    await rig.apply([rig.resource(config, { path: ini, set: { 'm.LogLevel': 'info' } })]);

    await rig.apply([rig.resource(config, { path: ini, set: { 'm.loglevel': 'info' } })]);

    expect(now()).toBe('[m]\nb = 1\nloglevel = info\n');
  }));

it('git knows no case in keys', () =>
  withFile(ini, '[main]\nLogLevel = info\n', async (rig) => {
    const { stdout } = spawnSync('git', ['config', '--file', rig.root + ini, 'main.loglevel'], { encoding: 'utf8' });

    expect(stdout).toBe('info\n');
  }));

it('dotenv: what some programs take for a comment is shown of no key that says secret', () =>
  withFile(env, 'PASSWORD=#first-canary\nTOKEN= # second-canary\nB_TOKEN= #third-canary\nA=1\n', async (rig, now) => {
    const resource = rig.resource(config, { path: env, set: { A: '2', B_TOKEN: 'new' } });
    const plan = await rig.plan([resource]);
    const { diff } = plan.steps[0]!;
    const host = openLocalReader({ root: rig.root });
    const changes = diff.action === 'none' ? [] : diff.changes;
    const previews = [...config.preview!(resource.desired as never, changes, { host, contents: noContents })];

    expect(JSON.stringify(plan) + previews.map(({ before, after }) => String(before) + String(after)).join('')).not.toMatch(
      /canary/,
    );
    expect(String(previews[0]?.after)).toMatch(/^PASSWORD='<secret \w+>'\nTOKEN='<secret \w+>'\nB_TOKEN='<secret \w+>'\nA=2\n$/);

    await rig.apply([resource]);
    expect(now()).toBe('PASSWORD=#first-canary\nTOKEN= # second-canary\nB_TOKEN=new\nA=2\n');
  }));

it.each([
  ['a value that begins with the sign of a comment', 'A=#x\n', '', 'A=\n'],
  ['what is no value to sh only', 'A= # x\n', '', 'A=\n'],
  ['what systemd before 254 takes for more of a comment', '# C:\\\nA=1\nB=2\n', '1', '# C:\\\n\nA=1\nB=2\n'],
  ['an escape that python-dotenv does not know', 'A="\\$x"\n', '$x', "A='$x'\n"],
])('dotenv: %s is not taken for the value that is wanted', (_what, text, value, after) =>
  withFile(env, text, async (rig, now) => {
    const resource = rig.resource(config, { path: env, set: { A: value } });

    await rig.apply([resource]);

    expect(now()).toBe(after);
    expect(await rig.apply([resource])).toEqual([]);
  }),
);

it.each([
  ['a key that is new', '# C:\\', { set: { A: 1 } }, '# C:\\\n\nA=1'],
  ['what comes after a key that goes', '# C:\\\nA=1\nB=2\n', { unset: ['A'] }, '# C:\\\n\nB=2\n'],
  ['what comes after a backslash that stands for itself', '# C:\\\\\nA=2\n', { set: { A: 1 } }, '# C:\\\\\nA=1\n'],
])('dotenv: %s does not become a part of a comment that ends in a backslash', (_what, text, attributes, after) =>
  withFile(env, text, async (rig, now) => {
    await rig.apply([rig.resource(config, { path: env, ...attributes })]);

    expect(now()).toBe(after);
  }),
);
