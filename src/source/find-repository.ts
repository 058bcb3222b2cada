import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The nearest directory, from here upwards, that is a configuration repository: one with `desired-state/site.yaml`. */
export function findRepository(from: string): string | undefined {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'desired-state/site.yaml'))) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}
