import { readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startAgentProcess, type AgentProcess, type LogLine } from '../support/agent-process.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';

vi.setConfig({ testTimeout: 60_000 });

const role = {
  'roles/r/role.yaml': 'summary: x\nresources:\n  - { kind: file, path: /templated, template: r.j2 }\n',
  'roles/r/templates/r.j2': 'one {{ v }}\n',
  'inventory/group_vars/all.yml': 'v: 1\n',
  'desired-state/files/deep/copied': 'one\n',
};
const siteOf = (text: string): string =>
  site(`- { kind: file, path: /motd, content: "${text}\\n" }\n- { kind: file, path: /copied, source: deep/copied }\n`).replace(
    'resources:',
    'roles: [r]\n    resources:',
  );

const converged = ({ outcome }: LogLine): boolean => outcome === 'converged';

function start({ path, root, write }: Repository, source = path, policy = ''): AgentProcess {
  write('host.yaml', `agent: { interval: 1h${policy} }\n`);
  const environment = { RECONCILE_HOST_POLICY: join(path, 'host.yaml') };
  return startAgentProcess(['--source', source, '--host', 'box', '--root', root], environment);
}

/** What stands on the host after the next run that has changed something. */
async function after(agent: AgentProcess, { root }: Repository, edit: () => void): Promise<readonly string[]> {
  const applied = agent.next(converged);
  edit();
  await applied;
  return ['motd', 'copied', 'templated'].map((name) => readFileSync(join(root, name), 'utf8').trim());
}

it('an edit anywhere in the directory that an agent follows is applied at once, however it is made', async () => {
  using repository = makeRepository('', { ...role, 'desired-state/site.yaml': siteOf('one') });
  const { write, path } = repository;
  await using agent = start(repository);
  await agent.line(converged);

  const applied = [
    await after(agent, repository, () => write('desired-state/site.yaml', siteOf('two'))),
    await after(agent, repository, () => {
      write('desired-state/.site.yaml.new', siteOf('three'));
      renameSync(join(path, 'desired-state/.site.yaml.new'), join(path, 'desired-state/site.yaml'));
    }),
    await after(agent, repository, () => write('inventory/group_vars/all.yml', 'v: 2\n')),
    await after(agent, repository, () => write('roles/r/templates/r.j2', 'two {{ v }}\n')),
    await after(agent, repository, () => write('desired-state/files/deep/copied', 'two\n')),
  ];

  expect(applied).toEqual([
    ['two', 'one', 'one 1'],
    ['three', 'one', 'one 1'],
    ['three', 'one', 'one 2'],
    ['three', 'one', 'two 2'],
    ['three', 'two', 'two 2'],
  ]);
});

it('the directory is followed also by an agent that leaves local edits to its poll', async () => {
  using repository = makeRepository('', { ...role, 'desired-state/site.yaml': siteOf('one') });
  await using agent = start(repository, repository.path, ', heal: false');
  await agent.line(converged);

  const applied = await after(agent, repository, () => repository.write('desired-state/site.yaml', siteOf('two')));

  expect(applied).toEqual(['two', 'one', 'one 1']);
});

it('directories that appear, go and come back in it are followed, also through a link to it', async () => {
  using repository = makeRepository('', { ...role, 'desired-state/site.yaml': siteOf('one') });
  const { write, path } = repository;
  symlinkSync(path, `${path}.link`);
  await using agent = start(repository, `${path}.link`);
  await agent.line(converged);

  const appeared = await after(agent, repository, () => write('inventory/host_vars/box.yml', 'v: 2\n'));
  const edited = await after(agent, repository, () => write('inventory/host_vars/box.yml', 'v: 3\n'));
  const replaced = await after(agent, repository, () => {
    rmSync(join(path, 'roles'), { recursive: true });
    write('roles/r/role.yaml', role['roles/r/role.yaml']);
    write('roles/r/templates/r.j2', 'two {{ v }}\n');
  });
  const editedAgain = await after(agent, repository, () => write('roles/r/templates/r.j2', 'three {{ v }}\n'));

  expect([appeared, edited, replaced, editedAgain].map(([, , templated]) => templated)).toEqual([
    'one 2',
    'one 3',
    'two 3',
    'three 3',
  ]);
});
