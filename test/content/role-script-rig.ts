import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Where a script of a role is: `role/files/name`. */
export const script = (name: string): string => resolve(import.meta.dirname, '../../roles', name);

/** Files below a directory, and scripts that run with it as their world. */
export function openRoleScriptRig() {
  const directory = temporaryDirectory();
  const at = (path: string): string => join(directory.path, path);
  return {
    at,
    write(path: string, text: string, mode = 0o644): string {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text);
      chmodSync(at(path), mode);
      return at(path);
    },
    read: (path: string): string => readFileSync(at(path), 'utf8'),
    run(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, input = '') {
      const options = { encoding: 'utf8', timeout: 20_000, input, env: { PATH: process.env['PATH'] ?? '', ...env } } as const;
      const { status, stdout, stderr } = spawnSync(script(name), args, options);
      return { exit: status, output: stdout + stderr };
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}
