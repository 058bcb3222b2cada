import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runDeadman } from '../../src/deadman/deadman-program.ts';
import type { DeadmanSettings } from '../../src/model/deadman-settings.ts';
import { openWatch } from './watch-rig.ts';

async function openProgram(changed: Partial<DeadmanSettings> = {}) {
  const watch = await openWatch();
  const settings = watch.path('ezra.json');
  writeFileSync(settings, JSON.stringify({ ...watch.settings(), log: watch.path('log', 'deadman.log'), ...changed }), {
    mode: 0o644,
  });
  return { ...watch, file: settings, [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose]() };
}
type Status = { condition: string; misses: number; restarts: number; deadmanActive: boolean; checkedAgo: number | null };

describe('reconcile deadman', () => {
  it('check says nothing when asked to be quiet and all is well, and logs what it does', async () => {
    await using program = await openProgram();
    const settings = program.file;
    await runDeadman('check', { settings });
    const log = (): string => readFileSync(program.path('log', 'deadman.log'), 'utf8');
    const before = log();

    expect(await runDeadman('check', { settings, quiet: true })).toEqual({ text: '', exit: 0 });
    expect(log()).toBe(before);
    await program.gateway.behave('closed');
    for (let count = 0; count < 3; count++) await runDeadman('check', { settings, quiet: true });

    expect(before).toMatch(/^\S+Z ezra snapshot: success: old=\w{64} new=\w{64}; kept as last known good\n/);
    expect(log()).toMatch(
      /ezra restart: success: .*restart 1 of 3: the gateway does not answer \(ECONNREFUSED\)\n.*told: ezra is dead\n/,
    );
  });

  it('status tells what is so, and exits with 1 unless it is well and watched', async () => {
    await using program = await openProgram();
    const settings = program.file;
    const status = async () => {
      const { text, exit } = await runDeadman('status', { settings, json: true });
      return { exit, ...(JSON.parse(text) as Status) };
    };

    expect(await status()).toMatchObject({ exit: 1, condition: 'unwatched', checkedAgo: null });
    writeFileSync(
      settings,
      JSON.stringify({ ...program.settings(), limits: { ...program.settings().limits, check_interval: 300_000 } }),
    );
    await runDeadman('check', { settings });
    expect(await status()).toMatchObject({ exit: 0, condition: 'well', misses: 0, deadmanActive: false });
    expect((await runDeadman('status', { settings })).text).toMatch(/^condition +well$/m);
  });

  it('reset lets it act again, and people still hear when it is well', async () => {
    await using program = await openProgram();
    const settings = program.file;
    await program.gateway.behave('closed');
    for (let count = 0; count < 6; count++) await runDeadman('check', { settings });
    expect(existsSync(program.path('state', 'deadman_active'))).toBe(true);

    expect(await runDeadman('reset', { settings })).toMatchObject({ exit: 0 });

    expect(existsSync(program.path('state', 'deadman_active'))).toBe(false);
    for (let count = 0; count < 3; count++) await runDeadman('check', { settings });
    expect(program.restarts()).toBe(4);
    await program.gateway.behave(200);
    for (let count = 0; count < 2; count++) await runDeadman('check', { settings });
    expect(program.told().at(-1)?.text).toBe('ezra is well again');
  });

  it('beat stamps the heartbeat, and says so when there is none', async () => {
    await using without = await openProgram();
    await expect(runDeadman('beat', { settings: without.file })).rejects.toThrow('name no heartbeat stamp');
    await using program = await openProgram({ heartbeat: { stamp: '/nowhere', timeout: 1, required: true } });
    const stamp = program.path('beats', 'ezra.stamp');
    writeFileSync(
      program.file,
      JSON.stringify({ ...JSON.parse(readFileSync(program.file, 'utf8')), heartbeat: { stamp, timeout: 1, required: true } }),
    );

    await runDeadman('beat', { settings: program.file });

    expect(readFileSync(stamp, 'utf8')).toMatch(/^beat \S+ \d+\n\d{4}-/);
  });

  it.each<[string, (file: string) => void, string]>([
    ['that others may write', (file) => chmodSync(file, 0o666), 'can be written by others'],
    ['that are damaged', (file) => writeFileSync(file, '{'), 'is damaged'],
    ['of another version', (file) => writeFileSync(file, '{"schema":"reconcile.deadman/0"}'), 'is not what this version'],
  ])('does nothing with settings %s', async (_what, spoil, message) => {
    await using program = await openProgram();
    await program.gateway.behave('closed');
    spoil(program.file);

    await expect(runDeadman('check', { settings: program.file })).rejects.toThrow(message);

    expect(existsSync(program.path('state'))).toBe(false);
  });
});
