import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { makeRepository } from '../support/repository.ts';
import { program, runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { isLong } from './fault-rig.ts';

const files = Array.from({ length: 60 }, (_, index) => `- { kind: file, path: /etc/f${index}, content: "${index}\\n" }`).join(
  '\n',
);

interface Ended {
  readonly exit: number | null;
  readonly said: string;
}

function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess & { readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close').then(([exit]: (number | null)[]): Ended => ({ exit: exit ?? null, said }));
  return Object.assign(child, { ended });
}

it(
  'of two runs at once one applies and the other says at once that it is busy; a check beside them works',
  { timeout: 600_000 },
  async () => {
    using repository = makeRepository(files);
    const { path, root } = repository;
    const args = ['--source', path, '--host', 'box', '--root', root];
    let busy = 0;
    for (let round = 0; round < (isLong ? 500 : 12); round++) {
      for (let index = 0; index < 60; index += 3) {
        mkdirSync(join(root, 'etc'), { recursive: true });
        writeFileSync(join(root, `etc/f${index}`), `edited ${round}\n`);
      }

      const runs = await Promise.all([start(args).ended, start(args).ended, start([...args, '--check']).ended]);

      const said = `round ${round}: ${runs.map(({ exit, said: each }) => `${exit}: ${each.slice(-300)}`).join('\n')}`;
      const exits = runs.slice(0, 2).map(({ exit }) => exit);
      expect(
        [
          [0, 0],
          [0, 5],
          [5, 0],
        ],
        said,
      ).toContainEqual(exits);
      expect([0, 2, 3, 4], said).toContain(runs[2].exit);
      if (exits.includes(5)) busy++;
      if (round % 10 === 0) expect(repository.run().stdout).toContain('nothing to do');
    }
    console.log(`${busy} of the second runs were busy`);
    // On a busy machine the second one may begin when the first has ended.
    expect(busy).toBeGreaterThan(isLong ? 10 : 0);
  },
);

it('kill -9 of a run frees the lock at once, and a check beside a run works', async () => {
  using directory = temporaryDirectory();
  const place = (name: string): string => join(directory.path, name);
  // Ends when somebody opens the other end.
  spawnSync('mkfifo', [place('gate')]);
  using repository = makeRepository(
    `- { kind: file, path: ${place('file')}, content: "x" }\n` +
      `- { kind: command, argv: [sh, -c, ${JSON.stringify(`cat ${place('gate')}; touch ${place('made')}`)}], creates: ${place('made')} }`,
  );
  writeFileSync(place('policy.yaml'), '{}\n');
  const env = { RECONCILE_STATE_DIR: place('state'), RECONCILE_HOST_POLICY: place('policy.yaml') };
  const args = ['--source', repository.path, '--host', 'box'];
  const holder = start([...args, '-o', 'ndjson'], env);
  for await (const line of createInterface({ input: holder.stdout! }))
    if (line.includes('"applying"') && line.includes('command[')) break;

  const second = runCli(args, { env });
  const check = runCli([...args, '--check'], { env });
  holder.kill('SIGKILL');
  await holder.ended;
  const rollback = runCli(['rollback'], { env });
  const isGone = !existsSync(place('file'));
  runCli(['release'], { env });
  // Nobody waits for the command of the killed run; it ends by itself.
  spawnSync('sh', ['-c', `: > ${place('gate')}; until [ -e ${place('made')} ]; do :; done`]);
  const { exit, stdout } = runCli(args, { env });

  expect(second.exit, second.stdout + second.stderr).toBe(5);
  expect([2, 4]).toContain(check.exit);
  expect([rollback.exit, isGone], rollback.stdout + rollback.stderr).toEqual([0, true]);
  expect(exit, stdout).toBe(0);
  expect(stdout).toContain('Applied and verified');
});
