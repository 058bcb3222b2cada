import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { linked, stageVersion } from '../../src/install/library.ts';
import { confirmBefore, guardStart, switchTo } from '../../src/install/self-update.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { openScene } from '../support/agent-scene.ts';
import { makeLiveRepository } from '../support/live-repository.ts';
import { program, runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { openReceiver } from '../notify/notify-rig.ts';

/** As the unit starts it, where there is no systemd. */
const nodeOptions = ['--disable-proto=delete', '--inspect-publish-uid=stderr'];

/** A new version in a library below this directory, and its first start. */
function installOnTrial(root: string): { readonly library: string; readonly id: string } {
  const library = join(root, 'usr/local/lib/timmy-reconciler');
  expect(runCli(['install', '--root', root]).exit).toBe(0);
  const bundle = join(root, 'bundle');
  cpSync(dirname(program), bundle, { recursive: true });
  writeFileSync(join(bundle, 'lib/new.mjs'), '');
  const id = stageVersion(library, bundle, '0.1.0');
  switchTo(library, id, Date.now());
  expect(guardStart(library, Date.now())).toBeUndefined();
  return { library, id };
}

it('an agent on trial that converges confirms its version, and tells what it changed', { timeout: 30_000 }, async () => {
  using directory = temporaryDirectory();
  const { promise: told, resolve } = Promise.withResolvers<void>();
  using receiver = await openReceiver((response) => response.end(resolve()));
  using repository = makeLiveRepository(
    `- kind: file\n  path: "{{ base }}/motd"\n  content: hello\n`,
    {},
    `agent: { listen: { port: 0 } }\nnotify: [{ type: webhook, url: "${receiver.url}", on: [change] }]\n`,
  );
  const { library, id } = installOnTrial(directory.path);

  const args = [...nodeOptions, join(library, 'current/reconcile.mjs'), 'agent', '--source', repository.path, '--host', 'box'];
  const agent = spawn(process.execPath, args, { env: { ...repository.env, PATH: process.env['PATH'] }, stdio: 'ignore' });
  const ended = once(agent, 'exit');
  await Promise.race([told, ended]);
  agent.kill('SIGTERM');

  expect(await ended).toEqual([0, null]);
  expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({
    host: 'box',
    notices: [{ topic: 'change', state: 'happened' }],
  });
  expect([linked(library, 'current'), linked(library, 'confirmed'), confirmBefore(library)]).toEqual([id, id, undefined]);
});

it('a version on trial confirms itself also while the newest revision is in quarantine', { timeout: 60_000 }, async () => {
  await using scene = await openScene();
  scene.push('one');
  {
    await using agent = scene.start();
    await agent.line(({ outcome }) => outcome === 'converged');
    const bad = scene.push('two', '- { kind: command, argv: ["false"], creates: "{{ base }}/made" }\n');
    agent.kill('SIGUSR1');
    await agent.line(({ outcome, commit }) => outcome === 'rolledBack' && commit === bad);
    agent.kill('SIGTERM');
    await agent.ended;
  }
  const { library, id } = installOnTrial(join(scene.rig.path, 'root'));

  await using _agent = startAgentProcess([], scene.environment, join(library, 'current/reconcile.mjs'));

  await vi.waitFor(() => expect(confirmBefore(library)).toBeUndefined(), { timeout: 20_000, interval: 100 });
  expect(linked(library, 'confirmed')).toBe(id);
});

it('a version on trial confirms itself on a suspended host that it may only look at', { timeout: 60_000 }, async () => {
  await using scene = await openScene();
  scene.push('one');
  const { library, id } = installOnTrial(join(scene.rig.path, 'root'));
  expect(runCli(['suspend', '--for', '1h', '--reason', 'disk'], { env: scene.environment }).exit).toBe(0);

  await using agent = startAgentProcess([], scene.environment, join(library, 'current/reconcile.mjs'));

  await agent.line(({ outcome }) => outcome === 'upstreamPending');
  await vi.waitFor(() => expect(confirmBefore(library)).toBeUndefined(), { timeout: 20_000, interval: 100 });
  expect(linked(library, 'confirmed')).toBe(id);
});

it('an update that was taken back is told by the status', { timeout: 60_000 }, async () => {
  await using scene = await openScene();
  scene.push('one');
  const { library, id } = installOnTrial(join(scene.rig.path, 'root'));
  expect(guardStart(library, Date.now() + 120_000)).toMatchObject({ version: id });

  await using agent = startAgentProcess([], scene.environment, join(library, 'current/reconcile.mjs'));
  await agent.line(({ outcome }) => outcome === 'converged');

  expect(runCli(['status'], { env: scene.environment }).stdout).toContain(`version ${id} was taken back at`);
});

it('a version on trial that cannot write that it works says so, and tries it again', { timeout: 60_000 }, async () => {
  await using scene = await openScene();
  scene.push('one');
  const { library, id } = installOnTrial(join(scene.rig.path, 'root'));
  const link = join(library, 'confirmed');
  rmSync(link);
  mkdirSync(link);

  await using agent = startAgentProcess([], scene.environment, join(library, 'current/reconcile.mjs'));

  await agent.line(({ message }) => message.startsWith('this version cannot be confirmed: '));
  rmSync(link, { recursive: true });
  agent.kill('SIGUSR1');
  await vi.waitFor(() => expect(confirmBefore(library)).toBeUndefined(), { timeout: 20_000, interval: 100 });
  expect(linked(library, 'confirmed')).toBe(id);
});
