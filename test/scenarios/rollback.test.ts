import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';

/** Two files that can be written, and then one in a directory that cannot. */
const failing = `
- kind: file
  path: /etc/a
  content: "new a\\n"
- kind: file
  path: /etc/b
  content: "new b\\n"
  mode: "0600"
- kind: file
  path: /etc/blocked/c
  content: "never\\n"
  after: ["file[/etc/a]", "file[/etc/b]"]
- { kind: directory, path: /etc/blocked }
`;
const isState = (path: string): boolean => path === '/var';

/** Not even root can write into it. Nothing tells before, since what the repository has may be made writable by the run. */
function block(path: string): Disposable {
  const isFlagged = spawnSync('chattr', ['+i', path]).status === 0;
  return {
    [Symbol.dispose]() {
      if (isFlagged) spawnSync('chattr', ['-i', path]);
    },
  };
}

it('a failing resource restores the exact previous tree, exits 6, and quarantines the revision', ({ skip }) => {
  using repository = makeRepository(failing);
  const blocked = join(repository.root, 'etc/blocked');
  mkdirSync(blocked, { recursive: true });
  writeFileSync(join(repository.root, 'etc/a'), 'old a\n', { mode: 0o640 });
  {
    using _ = block(blocked);
    if (canWrite(blocked)) skip('needs chattr +i: root, and a filesystem that knows it');
    const before = snapshot(repository.root, { ignore: isState });

    const report = repository.report();

    expect(report.exit).toBe(6);
    expect(report.summary).toContain('file[/etc/blocked/c] failed');
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['restored', 'restored', 'unchanged', 'failed']);
    expect(snapshot(repository.root, { ignore: isState })).toBe(before);
  }
  const again = repository.report();
  expect(again.exit).toBe(7);
  expect(again.problems[0]?.code).toBe('quarantined');
});

function canWrite(directory: string): boolean {
  try {
    writeFileSync(join(directory, 'probe'), '');
    return true;
  } catch {
    return false;
  }
}

it('a change that a newer revision makes is tried again at once', () => {
  using repository = makeRepository(site(''));
  repository.write('desired-state/site.yaml', site(failing.replace('new a', 'x'.repeat(10))));

  expect(repository.run().exit).toBe(0);
  expect(readFileSync(join(repository.root, 'etc/blocked/c'), 'utf8')).toBe('never\n');
});

it.each(['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)('%s in the middle of an apply restores the previous tree', async (signal) => {
  const files = Array.from(
    { length: 40 },
    (_, index) =>
      `- { kind: file, path: /srv/${index}, content: "x", after: [${index === 0 ? '' : `"file[/srv/${index - 1}]"`}] }`,
  );
  using repository = makeRepository(files.join('\n'));
  mkdirSync(join(repository.root, 'srv'));
  writeFileSync(join(repository.root, 'srv/0'), 'old');
  const before = snapshot(repository.root, { ignore: isState });

  const child = spawn(
    process.execPath,
    [program, '--source', repository.path, '--host', 'box', '--root', repository.root, '-o', 'ndjson'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let [output, again] = ['', false];
  for await (const chunk of child.stdout) {
    output += String(chunk);
    // The third file is being written: the first ones stand.
    if (output.includes('"file[/srv/2]"') && output.includes('"applying"') && !child.killed) {
      child.kill(signal);
      again = signal === 'SIGHUP';
    }
    // A terminal that goes away says so twice.
    if (again && output.includes('"rolling-back"')) again = !child.kill(signal);
  }
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];

  expect(code).toBe(6);
  expect(snapshot(repository.root, { ignore: isState })).toBe(before);
});
