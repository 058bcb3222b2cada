import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { makeRepository } from '../support/repository.ts';
import { program, runCli } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/**
 * This machine, with everything managed in one directory, and a run that stops in the middle: after the plan, before
 * `dir/file` is written (`apply`), or when it has been written, before it is verified (`refresh`).
 */
function openHost(stop: 'apply' | 'refresh') {
  const directory = temporaryDirectory();
  const place = (name: string): string => join(directory.path, name);
  mkdirSync(place('managed/dir'), { recursive: true });
  mkdirSync(place('outside'));
  writeFileSync(place('outside/file'), 'of somebody else\n');
  writeFileSync(place('managed/dir/file'), 'before\n');
  spawnSync('mkfifo', [place('gate')]);
  const wait = `name: wait, argv: [sh, -c, ${JSON.stringify(`[ -e ${place('managed/made')} ] || { cat ${place('gate')}; touch ${place('managed/made')}; }`)}]`;
  const repository = makeRepository(
    stop === 'apply'
      ? `- { kind: command, ${wait}, creates: ${place('managed/made')} }\n` +
          `- { kind: file, path: ${place('managed/dir/file')}, source: desired, after: ["command[wait]"] }`
      : `- { kind: command, ${wait}, refresh_only: true }\n` +
          `- { kind: file, path: ${place('managed/dir/file')}, source: desired, notify: ["command[wait]"] }`,
    { 'desired-state/files/desired': 'desired\n' },
  );
  writeFileSync(place('policy.yaml'), `paths: { allow: ["${place('managed')}/**"] }\n`);
  const env = { RECONCILE_STATE_DIR: place('state'), RECONCILE_HOST_POLICY: place('policy.yaml') };
  const args = ['--source', repository.path, '--host', 'box'];
  return {
    place,
    repository,
    file: place('managed/dir/file'),
    run: (more: readonly string[] = []) => runCli([...more, ...(more[0] === 'rollback' ? [] : args)], { env }),
    /** Runs, and does something at the stop. */
    async runWith(meanwhile: () => void): Promise<{ readonly exit: number; readonly summary: string }> {
      const child = spawn(process.execPath, [program, ...args, '-o', 'ndjson'], {
        env: { PATH: process.env['PATH'] ?? '', ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(child, 'close');
      let last = '';
      let isStopped = false;
      for await (const line of createInterface({ input: child.stdout })) {
        last = line;
        const { type, address } = JSON.parse(line) as { type: string; address?: string };
        // A rollback refreshes once more, and waits for nobody.
        if (isStopped || address !== 'command[wait]' || type !== (stop === 'apply' ? 'applying' : 'refreshing')) continue;
        isStopped = true;
        meanwhile();
        spawnSync('sh', ['-c', `: > ${place('gate')}`]);
      }
      await closed;
      return (JSON.parse(last) as { report: { exit: number; summary: string } }).report;
    },
    [Symbol.dispose]() {
      repository[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}

it('an edit between plan and apply is replaced, and a rollback brings back the edit, not what was planned upon', async () => {
  using host = openHost('apply');

  const { exit, summary } = await host.runWith(() => writeFileSync(host.file, 'edited meanwhile\n'));

  expect(exit, summary).toBe(0);
  expect(readFileSync(host.file, 'utf8')).toBe('desired\n');
  expect(host.run(['rollback']).exit).toBe(0);
  expect(readFileSync(host.file, 'utf8')).toBe('edited meanwhile\n');
});

it('a directory that becomes a symbolic link between plan and apply is not followed', async () => {
  using host = openHost('apply');
  const outside = snapshot(host.place('outside'));

  const { exit, summary } = await host.runWith(() => {
    renameSync(host.place('managed/dir'), host.place('managed/moved'));
    symlinkSync(host.place('outside'), host.place('managed/dir'));
  });

  expect(snapshot(host.place('outside'))).toBe(outside);
  expect([6, 8], summary).toContain(exit);
  expect(summary).toContain('symbolic link');
  expect(readFileSync(host.place('managed/moved/file'), 'utf8')).toBe('before\n');
});

it.each([
  ['a directory', (file: string) => mkdirSync(file)],
  ['a fifo', (file: string) => spawnSync('mkfifo', [file])],
] as const)('a target that becomes %s between plan and apply is left alone, and the run is taken back', async (_what, make) => {
  using host = openHost('apply');
  const tree = (): string => snapshot(host.place('managed'), { ignore: (path) => path === '/made' });
  let before = '';

  const { exit, summary } = await host.runWith(() => {
    rmSync(host.file);
    make(host.file);
    before = tree();
  });

  expect(exit, summary).toBe(6);
  expect(summary).toContain(host.file);
  expect(tree()).toBe(before);
});

it.each([
  ['another size', 'another text\n'],
  ['the same size', 'dEsIrEd\n'],
])('a source that changes during the run, to %s, is not applied as what was planned', async (_what, content) => {
  using host = openHost('apply');

  const { exit, summary } = await host.runWith(() => host.repository.write('desired-state/files/desired', content));

  expect(exit, summary).toBe(6);
  expect(readFileSync(host.file, 'utf8')).toBe('before\n');
  expect(host.run().exit).toBe(0);
  expect(readFileSync(host.file, 'utf8')).toBe(content);
});

it('an edit before the verification is found by it, and the run is taken back', async () => {
  using host = openHost('refresh');

  const { exit, summary } = await host.runWith(() => writeFileSync(host.file, 'edited meanwhile\n'));

  expect(exit, summary).toBe(6);
  expect(summary).toContain('still differs');
});
