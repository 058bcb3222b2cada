import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { reconcile } from '../../src/reconcile.ts';
import { never, openFollowRig } from '../source/git/follow-rig.ts';
import { startRig } from '../support/agent-rig.ts';
import { site } from '../support/repository.ts';

vi.setConfig({ testTimeout: 30_000 });

const motd = (text: string): string => `- { kind: file, path: /motd, content: "${text}\\n" }\n`;

it('what is applied by hand while it waits for its window is not taken back by a look that comes right after it', async () => {
  using rig = openFollowRig();
  const push = (text: string, policy: string): string =>
    rig.push({
      'desired-state/policy.yaml': policy,
      'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n',
      'desired-state/site.yaml': site(motd(text)),
    });
  push('one', '{}\n');
  await using agent = startRig(motd('none'), {}, { heal: false }, () => rig.open());
  const { port, repository } = agent;
  const look = (cause: 'control' | 'watch') => port.ended(port.trigger(cause).run);
  await look('control');
  const second = push('two', 'windows: [{ kind: deny, schedule: "* * * * *", duration: 5m }]\n');
  expect(await look('control')).toMatchObject({ outcome: 'refused' });

  // As `reconcile` does, up to the moment before it is known that the revision was accepted.
  const { source } = await rig.look();
  const place = { host: 'box', root: repository.root };
  const byHand = { ...place, action: 'converge', source: source!, tags: [], paranoid: false } as const;
  expect(await reconcile(byHand, () => undefined, never)).toMatchObject({ outcome: 'converged', writes: 1 });
  await look('watch');

  expect(readFileSync(join(repository.root, 'motd'), 'utf8')).toBe('two\n');
  expect(await look('control')).toMatchObject({ outcome: 'converged', revision: { commit: second } });
  expect(port.status()).toMatchObject({ windowClosed: false, revision: { applied: second } });
});
