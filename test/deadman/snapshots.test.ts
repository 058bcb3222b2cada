import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keepSnapshot, lastGood, presentConfig, restoreSnapshot } from '../../src/deadman/snapshots.ts';
import { openWatch } from './watch-rig.ts';

describe('the configuration of an agent that owns its directory', () => {
  /** What the agent has in its place by then. */
  async function openOwned() {
    const watch = await openWatch();
    chmodSync(watch.path(), 0o777);
    mkdirSync(watch.path('secret'));
    writeFileSync(watch.path('secret', 'config.yaml'), 'canary\n');
    return {
      watch,
      settings: watch.settings(),
      linkAway() {
        renameSync(watch.path('etc'), watch.path('aside'));
        symlinkSync('secret', watch.path('etc'));
      },
      [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
    };
  }

  it('is not what stands behind a link of the agent', async () => {
    await using owned = await openOwned();
    owned.linkAway();

    expect(presentConfig(owned.settings)).toMatchObject({ digest: 'absent', isWhole: false });
  });

  it('is not put back through a link of the agent', async () => {
    await using owned = await openOwned();
    keepSnapshot(owned.settings, presentConfig(owned.settings).digest, new Date());
    const good = lastGood(owned.settings)!;
    owned.linkAway();

    expect(() => restoreSnapshot(good)).toThrow(`${owned.watch.config}: `);
    expect(readFileSync(owned.watch.path('secret', 'config.yaml'), 'utf8')).toBe('canary\n');
  });

  it('is not kept where it is another one than the agent was well with', async () => {
    await using owned = await openOwned();
    const { digest } = presentConfig(owned.settings);
    writeFileSync(owned.watch.config, 'model: untried\n');

    expect(() => keepSnapshot(owned.settings, digest, new Date())).toThrow('it has changed');
    expect(existsSync(owned.watch.path('snapshots'))).toBe(false);
  });
});
