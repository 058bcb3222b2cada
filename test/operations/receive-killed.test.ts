import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openState } from '../../src/state/state.ts';
import { openVisitRig, type VisitRig } from './visit-rig.ts';

vi.setConfig({ testTimeout: 60_000 });

let host: VisitRig;
let two: string;
/** What a run of the second revision takes its time with. */
const more = `- { kind: command, name: slow, argv: [/bin/sh, -c, 'sleep 0.5; touch "{{ base }}/slow"'], creates: "{{ base }}/slow" }`;
beforeEach(async () => {
  host = openVisitRig();
  await host.visit('converge', host.commit('one'));
  two = host.commit('two', more);
});
afterEach(() => host[Symbol.dispose]());

const hasOpenRun = (): boolean => {
  using state = openState(host.state, { readOnly: true });
  return state?.journal.open() !== undefined;
};

describe('a push whose host dies', () => {
  it.each(['greeting', 'run-started', 'planned', 'applying', 'verifying'])(
    'at "%s" is repeated, and then whole',
    async (moment) => {
      const cut = await host.visit('converge', two, {
        onLine: ({ type }, child) => void (type === moment && child.kill('SIGKILL')),
      });
      const motd = host.motd();
      const next = await host.visit('converge', two);

      expect(cut.exit).toBeNull();
      expect(['one', 'two']).toContain(motd);
      expect(next).toMatchObject({ exit: 0, last: { report: { outcome: 'converged' } } });
      expect(readdirSync(host.base)).toEqual(['motd', 'slow']);
      expect(host.motd()).toBe('two');
      expect(hasOpenRun()).toBe(false);
      expect(host.leftovers()).toEqual([]);
    },
  );
});

describe('a push whose operator goes away', () => {
  it('with the connection is finished or taken back', async () => {
    const cut = await host.visit('converge', two, {
      onLine: ({ type }, child) => void (type === 'applying' && child.kill('SIGHUP')),
    });

    expect([0, 6]).toContain(cut.exit);
    expect(host.motd()).toBe(cut.exit === 0 ? 'two' : 'one');
    expect(existsSync(join(host.base, 'slow'))).toBe(cut.exit === 0);
    expect(hasOpenRun()).toBe(false);
    expect(await host.visit('converge', two)).toMatchObject({ exit: 0 });
    expect(host.motd()).toBe('two');
  });

  it('and reads nothing more is finished', async () => {
    const cut = await host.visit('converge', two, {
      onLine: ({ type }, child) => void (type === 'planned' && child.stdout?.destroy()),
    });

    expect(cut.exit).toBe(0);
    expect(readdirSync(host.base)).toEqual(['motd', 'slow']);
    expect(host.motd()).toBe('two');
  });

  it('before it has sent anything leaves nothing', async () => {
    const before = host.remembered();

    const cut = await host.visit('converge', two, {
      onLine: ({ type }, child) => void (type === 'greeting' && child.kill('SIGHUP')),
    });

    expect(cut).toMatchObject({ exit: 1, events: [], stderr: expect.stringContaining('SIGHUP') as string });
    expect(host.remembered()).toEqual(before);
    expect(host.leftovers()).toEqual([]);
  });
});
