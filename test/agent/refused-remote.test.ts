import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startAgentProcess } from '../support/agent-process.ts';
import { makeRepository } from '../support/repository.ts';

/** An agent that follows these, and what it has said when a line fits. */
async function say(urls: readonly string[], fits: (message: string) => boolean, place: string): Promise<string> {
  const policy = join(place, 'host.yaml');
  writeFileSync(policy, JSON.stringify({ host: 'box', remote: { urls } }), { mode: 0o600 });
  await using agent = startAgentProcess(['--root', place], { RECONCILE_HOST_POLICY: policy });
  await agent.line(({ message }) => fits(message));
  return agent.lines.map(({ message }) => message).join('\n');
}

it('a password in the URL of a remote is in no line of the log', async () => {
  using repository = makeRepository('');

  const said = await say(
    ['http://git:s3cr3tpass@127.0.0.1/x.git'],
    (message) => message.includes('credentials'),
    repository.root,
  );

  expect(said).toContain('following a remote that is refused');
  expect(said).not.toContain('s3cr3tpass');
});

it('what a repository may not hold is named with its path', async () => {
  using repository = makeRepository('');
  symlinkSync('/etc/passwd', join(repository.path, 'desired-state/link'));
  repository.commit('a link');

  const said = await say([repository.path], (message) => message.startsWith('no new revision is taken'), repository.root);

  expect(said).toContain('desired-state/link: not a regular file');
});
