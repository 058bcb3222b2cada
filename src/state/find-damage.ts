import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { requireKind } from './require-kind.ts';
import { naming, StateError } from './state-error.ts';
import { openState } from './state.ts';
import { findSuspension } from './suspension.ts';
import { readUnconfirmed } from './unconfirmed.ts';

/** What is wrong with the files of a state directory, by their names: which of them keep runs away, and what to do. Writes nothing. */
export function findDamage(directory: string): readonly (readonly [name: string, error: StateError])[] {
  const looks: Readonly<Record<string, (file: string) => void>> = {
    'state.db': () => openState(directory, { readOnly: true })?.close(),
    'agent.db': (file) => readDatabase(file, 'SELECT count(value) FROM memory'),
    'lock.db': (file) => readDatabase(file, 'PRAGMA schema_version'),
    revisions: (file) => requireKind(file, 'directory'),
    'unconfirmed.json': () => void readUnconfirmed(directory),
    suspended: () => requireSuspension(directory),
  };
  return Object.entries(looks).flatMap(([name, look]) => {
    try {
      look(join(directory, name));
      return [];
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      return [[name, error] as const];
    }
  });
}

function readDatabase(file: string, query: string): void {
  requireKind(file, 'file');
  if (!existsSync(file)) return;
  const read = (): void => {
    using database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    database.prepare(query).get();
  };
  naming(file, { read }).read();
}

function requireSuspension(directory: string): void {
  const found = findSuspension(directory);
  if (typeof found === 'string') throw new StateError(found, 'reconcile resume');
}
