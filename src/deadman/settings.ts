import { join } from 'node:path';
import { ownAccount } from '../host/own-account.ts';
import { deadmanSettingsSchema, type DeadmanSettings } from '../model/deadman-settings.ts';
import { isObject } from '../model/json.ts';
import { readPrivateFile } from '../source/private-file.ts';
import { ExitError } from '../model/exit-error.ts';

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
    throw new ExitError('invalid', `${file} is not what this version of the deadman kind writes`, converge);
  return value as unknown as DeadmanSettings;
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ExitError('invalid', `${file} is damaged`, converge, error);
  }
}

function readOwn(file: string): string {
  const read = readPrivateFile(file, 'settings file', { mayBeRead: true });
  if ('bytes' in read) return read.bytes.toString();
  throw new ExitError(
    'invalid',
    read.refused,
    read.isMissing ? 'is there a deadman[...] for this agent on this host?' : read.hint,
    read.cause,
  );
}
