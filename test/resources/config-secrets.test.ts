import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { noContents } from '../../src/model/catalog.ts';
import { Secret } from '../../src/model/secret.ts';
import { config } from '../../src/resources/types/config.ts';
import { openRig, type Rig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const path = '/etc/app.yaml';
const write = (root: string, path: string, text: string): void => writeFileSync(root + path, text);

async function withRig(run: (rig: Rig, at: (name: string) => string) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [config]);
  mkdirSync(join(rig.root, 'etc'), { recursive: true });
  await run(rig, (name) => readFileSync(rig.root + name, 'utf8'));
}

it('a secret is written, and shown nowhere', () =>
  withRig(async (rig, at) => {
    write(rig.root, path, 'gateway:\n  token: live-canary\n  port: 1\nforeign_api_key: foreign-canary\n');
    chmodSync(rig.root + path, 0o600);
    const resource = rig.resource(config, {
      path,
      set: { gateway: { token: Secret.of('git-canary'), port: 2 }, list: [Secret.of('list-canary')] },
    });
    const host = openLocalReader({ root: rig.root });

    const state = config.inspect(resource.desired as never, {
      host,
      last: undefined,
      signal: AbortSignal.timeout(1000),
      survey: undefined,
    });
    const plan = await rig.plan([resource]);
    const { diff } = plan.steps[0]!;
    const previews = [
      ...config.preview!(resource.desired as never, diff.action === 'none' ? [] : diff.changes, {
        host,
        contents: noContents,
      }),
    ];
    const shown = [
      JSON.stringify([state, plan, resource]),
      ...previews.map(({ before, after }) => String(before) + String(after)),
    ].join('\n');
    expect(shown).not.toMatch(/canary/);
    expect(String(previews[0]?.after)).toMatch(/token: "<secret [0-9a-f]{8}>"\n {2}port: 2/);
    expect(diff.action === 'update' && diff.changes.filter(({ sensitive }) => sensitive).map(({ field }) => field)).toEqual([
      'gateway.token',
      'list',
    ]);

    await rig.apply([resource]);
    expect(at(path)).toBe('gateway:\n  token: git-canary\n  port: 2\nforeign_api_key: foreign-canary\nlist:\n  - list-canary\n');
    expect(await rig.apply([resource])).toEqual([]);

    // The ledger holds digests; they are enough to know our own keys again.
    await rig.apply([]);
    expect(at(path)).toBe('foreign_api_key: foreign-canary\n');
  }));

it('a secret comes into no file that everybody may read, unless its mode is said', () =>
  withRig(async (rig, at) => {
    write(rig.root, path, 'a: 1\n');
    chmodSync(rig.root + path, 0o644);
    const set = { gateway: { token: Secret.of('git-canary') } };

    const refused = rig.plan([rig.resource(config, { path, set })]);
    await expect(refused).rejects.toThrow(
      `"code":"readable-secret","message":"${path} would hold a secret at gateway.token, and everybody may read it: its mode is 0644"`,
    );
    await rig.apply([rig.resource(config, { path, set, mode: '0644' })]);
    expect(at(path)).toContain('git-canary');

    // What stands there already is no change.
    expect((await rig.plan([rig.resource(config, { path, set })])).steps[0]!.diff.action).toBe('none');
  }));
