import { readFileSync, rmSync } from 'node:fs';
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

/** No checks where there are none, or nobody knows. */
export function readStandingChecks(directory: string): StandingChecks {
  try {
    return JSON.parse(readFileSync(join(directory, fileName), 'utf8')) as StandingChecks;
  } catch {
    // Absent, or cut short by a power cut: the next run that looks at everything writes it again.
    return none;
  }
}

/** Throws what the filesystem says. */
export function writeStandingChecks(directory: string, standing: StandingChecks): void {
  if (standing.checks.length === 0) return removeStandingChecks(directory);
  const text = JSON.stringify(standing);
  if (text === JSON.stringify(readStandingChecks(directory))) return;
  putMark(directory, fileName, text);
}

/** Of what stands after something was taken back nobody knows them. */
export const removeStandingChecks = (directory: string): void => rmSync(join(directory, fileName), { force: true });
