import { spawnSync } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { asNobody, canBeNobody } from './support/as-nobody.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const repository = new URL('..', import.meta.url).pathname;
const parts = ['package.json', 'package-lock.json', 'src', 'schemas', 'inventory', 'desired-state', 'roles'];

it.skipIf(!canBeNobody())('who is not root builds the program, and converges a sandbox with it', () => {
  using directory = temporaryDirectory();
  const checkout = join(directory.path, 'checkout');
  for (const part of parts) cpSync(join(repository, part), join(checkout, part), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(checkout, 'node_modules'));
  spawnSync('chown', ['--recursive', '65534:65534', directory.path]);
  const env = { HOME: directory.path, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };

  const { status, stdout, stderr } = spawnSync('setpriv', [...asNobody, 'npm', 'start'], {
    cwd: checkout,
    env,
    encoding: 'utf8',
  });

  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('EACCES') });
  expect(stdout).toContain('Applied and verified');
});
