import { existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../model/catalog.ts';
import { putMark } from './put-mark.ts';

/** The health checks of what the last run left on this host. They hold no secrets: the compiler refuses those there. */
interface StandingChecks {
  readonly checks: Catalog['health'];
  /** Whether the host has secrets, which a program that is asked may print. */
  readonly hasSecrets: boolean;
}

const fileName = 'checks.json';
const none: StandingChecks = { checks: [], hasSecrets: false };

/** Undefined where nobody knows. */
export function readStandingChecks(directory: string): StandingChecks | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, fileName), 'utf8')) as StandingChecks;
  } catch (error) {
    // Cut short by a power cut, too: the next run that looks at everything writes it again.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? none : undefined;
  }
}

/** Throws what the filesystem says. */
export function writeStandingChecks(directory: string, standing: StandingChecks): void {
  if (standing.checks.length === 0) return rmSync(join(directory, fileName), { force: true });
  const text = JSON.stringify(standing);
  if (text === JSON.stringify(readStandingChecks(directory))) return;
  putMark(directory, fileName, text);
}

/** Of what stands after something was taken back nobody knows them. */
export function forgetStandingChecks(directory: string): void {
  const file = join(directory, fileName);
  // A full disk has room for that.
  if (existsSync(file)) truncateSync(file);
}
