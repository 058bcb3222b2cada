import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const binDirectory = resolve(import.meta.dirname, '../../desired-state/files/bin');

/** A temporary machine for the scheduled scripts: their directories, and the settings that fleet.env would give them. */
export interface ScriptRig extends Disposable {
  readonly root: string;
  /** Settings as in fleet.env; tests may add to them. */
  readonly settings: Record<string, string>;
  run(
    script: string,
    args?: readonly string[],
    env?: Record<string, string>,
  ): { readonly exit: number | null; readonly output: string };
  /** Writes fleet.env as `run` does, and returns its path. */
  writeSettings(): string;
  write(path: string, text: string): string;
  read(path: string): string;
  exists(path: string): boolean;
  age(path: string, seconds: number): void;
}

export function openScriptRig(): ScriptRig {
  const root = mkdtempSync(join(tmpdir(), 'content-'));
  const settings: Record<string, string> = {
    FLEET_HOST: 'testhost',
    FLEET_DIR: root,
    USER_HOME: join(root, 'home'),
    HERMES_HOME: join(root, 'hermes'),
    TIMMY_STATE_DIR: join(root, 'state'),
    TIMMY_LOG_DIR: join(root, 'logs'),
    HEARTBEAT_DIR: join(root, 'heartbeats'),
    PULSE_DIR: join(root, 'pulse'),
    REPORT_FILE: join(root, 'report.md'),
    REQUEST_LOG_DB: join(root, 'request_log.db'),
    FLEET_JOBS: 'pulse:900',
  };
  const at = (path: string): string => join(root, path);
  return {
    root,
    settings,
    run(script, args = [], env = {}) {
      const file = writeSettings();
      const result = spawnSync(join(binDirectory, script), args, {
        encoding: 'utf8',
        timeout: 20_000,
        env: { PATH: process.env['PATH'] ?? '', HOME: root, FLEET_ENV: file, ...env },
      });
      if (result.error) throw result.error;
      return { exit: result.status, output: result.stdout + result.stderr };
    },
    writeSettings,
    write(path, text) {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text);
      return at(path);
    },
    read: (path) => readFileSync(at(path), 'utf8'),
    exists: (path) => existsSync(at(path)),
    age(path, seconds) {
      const then = Date.now() / 1000 - seconds;
      utimesSync(at(path), then, then);
    },
    [Symbol.dispose]() {
      rmSync(root, { recursive: true, force: true });
    },
  };

  function writeSettings(): string {
    const file = join(root, 'fleet.env');
    const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
    writeFileSync(file, lines.join(''));
    return file;
  }
}

/** Whether this machine has the program. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
