import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { Request } from '../../src/model/request.ts';
import { reconcile } from '../../src/reconcile.ts';
import { resetTrust } from '../../src/source/git/trust-memory.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { never, openFollowRig } from '../source/git/follow-rig.ts';
import { startRig } from '../support/agent-rig.ts';
import { site } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';

vi.setConfig({ testTimeout: 30_000 });

const motd = (text: string): string => `- { kind: file, path: /motd, content: "${text}\\n" }\n`;

const closed = 'windows: [{ kind: deny, schedule: "* * * * *", duration: 5m }]\n';

/** An agent that follows a repository to which is pushed; `meanwhile` happens when it has looked. */
function openHost() {
  const rig = openFollowRig();
  let meanwhile = async (): Promise<void> => undefined;
  const agent = startRig(motd('none'), {}, { heal: false }, () => {
    const follower = rig.open();
    const look: typeof follower.look = async (...asked) => {
      const found = await follower.look(...asked);
      await meanwhile();
      return found;
    };
    return { ...follower, look };
  });
  const { port, repository } = agent;
  const { root } = repository;
  return {
    rig,
    port,
    root,
    push: (text: string, policy = '{}\n'): string =>
      rig.push({
        'desired-state/policy.yaml': policy,
        'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n',
        'desired-state/site.yaml': site(motd(text)),
      }),
    look: (cause: 'control' | 'watch') => port.ended(port.trigger(cause).run),
    async applyByHand(more: Pick<Request, 'accept'> = {}) {
      const { source } = await rig.look();
      const byHand = { host: 'box', root, action: 'converge', source: source!, tags: [], paranoid: false, ...more } as const;
      return reconcile(byHand, () => undefined, never);
    },
    onLook: (act: typeof meanwhile): void => void (meanwhile = act),
    motd: () => readFileSync(join(root, 'motd'), 'utf8'),
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      rig[Symbol.dispose]();
    },
  };
}

it('what is applied by hand while it waits for its window is not taken back by a look that comes right after it', async () => {
  await using host = openHost();
  host.push('one');
  await host.look('control');
  const second = host.push('two', closed);
  expect(await host.look('control')).toMatchObject({ outcome: 'refused' });

  // Up to the moment before it is known that the revision was accepted.
  expect(await host.applyByHand()).toMatchObject({ outcome: 'converged', writes: 1 });
  await host.look('watch');

  expect(host.motd()).toBe('two\n');
  expect(await host.look('control')).toMatchObject({ outcome: 'converged', revision: { commit: second } });
  expect(host.port.status()).toMatchObject({ windowClosed: false, revision: { applied: second } });
});

it('what a person takes back is in quarantine for that, also while its window is closed', async () => {
  await using host = openHost();
  host.push('one');
  await host.look('control');
  const commit = host.push('two', closed);
  await host.applyByHand();
  expect(runCli(['rollback', '--root', host.root]).exit).toBe(0);

  await host.look('control');

  const reason = expect.stringContaining('taken back by reconcile rollback') as string;
  expect(host.port.status().quarantine).toEqual({ commit, reason });
});

it('what is applied by hand is not taken back by an agent that has looked before', async () => {
  await using host = openHost();
  host.push('one');
  await host.look('control');
  const second = host.push('two');
  await host.applyByHand({ accept: () => host.rig.open().accept(second) });

  await host.look('watch');
  expect(host.motd()).toBe('two\n');

  let third = '';
  host.onLook(async () => {
    host.onLook(() => Promise.resolve());
    third = host.push('three');
    await host.applyByHand({ accept: () => host.rig.open().accept(third) });
  });
  await host.look('control');
  expect(host.motd()).toBe('three\n');
  expect(await host.look('control')).toMatchObject({ outcome: 'converged', revision: { commit: third } });
});

it('what is applied by hand after a person has gone back in trust is not taken back by an agent that has looked before', async () => {
  await using host = openHost();
  const first = host.push('one');
  await host.look('control');
  host.push('two');
  await host.look('control');
  using state = openAgentState(host.rig.stateDirectory);
  resetTrust(state.memory('source'), host.rig.stateDirectory, first);
  host.rig.git('reset', '--quiet', '--hard', first);
  host.rig.git('push', '--quiet', '--force', 'origin', 'HEAD');
  expect(await host.look('watch')).toMatchObject({ outcome: 'converged' });
  await host.applyByHand({ accept: () => host.rig.open().accept(first) });

  await host.look('watch');

  expect(host.motd()).toBe('one\n');
  expect(await host.look('control')).toMatchObject({ outcome: 'converged', revision: { commit: first } });
});
