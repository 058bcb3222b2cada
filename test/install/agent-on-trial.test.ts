import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { linked, stageVersion } from '../../src/install/library.ts';
import { confirmBefore, guardStart, switchTo } from '../../src/install/self-update.ts';
import { makeLiveRepository } from '../support/live-repository.ts';
import { program, runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { openReceiver } from '../notify/notify-rig.ts';

/** As the unit starts it, where there is no systemd. */
const nodeOptions = ['--disable-proto=delete'];

it('an agent on trial that converges confirms its version, and tells what it changed', { timeout: 30_000 }, async () => {
  using directory = temporaryDirectory();
  const { promise: told, resolve } = Promise.withResolvers<void>();
  using receiver = await openReceiver((response) => response.end(resolve()));
  using repository = makeLiveRepository(
    `- kind: file\n  path: "{{ base }}/motd"\n  content: hello\n`,
    {},
    `agent: { listen: { port: 0 } }\nnotify: [{ type: webhook, url: "${receiver.url}", on: [change] }]\n`,
  );
  const library = join(directory.path, 'usr/local/lib/timmy-reconciler');
  expect(runCli(['install', '--root', directory.path]).exit).toBe(0);
  const bundle = join(directory.path, 'bundle');
  cpSync(dirname(program), bundle, { recursive: true });
  writeFileSync(join(bundle, 'lib/new.mjs'), '');
  const id = stageVersion(library, bundle, '0.1.0');
  switchTo(library, id, Date.now());
  expect(guardStart(library, Date.now())).toBeUndefined();

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
