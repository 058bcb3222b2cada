import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownAccount } from '../host/own-account.ts';
import { deadmanSettingsSchema, type DeadmanSettings } from '../model/deadman-settings.ts';
import { isObject } from '../model/json.ts';
import { settingsError } from './settings-error.ts';

const mostBytes = 256 * 1024;
const converge = 'reconcile writes it anew';

/** Where the watchdogs of this account have their settings: root's where the `deadman` kind puts them unless told. */
export function settingsDirectory(env: Readonly<NodeJS.ProcessEnv>): string {
  if (process.geteuid?.() === 0) return '/etc/reconcile-deadman';
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || ownAccount().home, '.config'), 'reconcile-deadman');
}

/**
 * The settings that a watchdog works by. Throws, with what to do: they name programs that are run as this user, so that only root and
 * this user may have written them.
 */
export function readSettings(file: string): DeadmanSettings {
  const value = parse(file, readOwn(file));
  if (!isObject(value) || value['schema'] !== deadmanSettingsSchema)
    throw settingsError(`${file} is not what this version of the deadman kind writes`, converge);
  return value as unknown as DeadmanSettings;
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw settingsError(`${file} is damaged`, converge, error);
  }
}

function readOwn(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw settingsError(`${file} cannot be read (${code})`, 'is there a deadman[...] for this agent on this host?', error);
  }
  try {
    const { uid, mode, size } = fstatSync(descriptor);
    if (uid !== 0 && uid !== process.geteuid?.()) throw settingsError(`${file} belongs to another user`, `chown root ${file}`);
    if ((mode & 0o022) !== 0) throw settingsError(`others may write to ${file}`, `chmod go-w ${file}`);
    if (size > mostBytes) throw settingsError(`${file} has more than ${mostBytes} bytes`, converge);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
