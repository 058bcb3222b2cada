import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { noContents } from '../../src/model/catalog.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { config } from '../../src/resources/types/config.ts';
import { openRig, type Rig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const env = '/etc/.env';

async function withFile(path: string, text: string, run: (rig: Rig, now: () => string) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [config]);
  mkdirSync(join(rig.root, 'etc'), { recursive: true });
  writeFileSync(rig.root + path, text);
  await run(rig, () => readFileSync(rig.root + path, 'utf8'));
}

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
  ['an escape that python-dotenv does not know', 'A="\\$x"\n', '$x', "A='$x'\n"],
])('dotenv: %s is not taken for the value that is wanted', (_what, text, value, after) =>
  withFile(env, text, async (rig, now) => {
    const resource = rig.resource(config, { path: env, set: { A: value } });

    await rig.apply([resource]);

    expect(now()).toBe(after);
    expect(await rig.apply([resource])).toEqual([]);
  }),
);
