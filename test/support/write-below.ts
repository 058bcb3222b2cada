import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes a file below a directory, and the directories on the way. What begins with `#!` can be executed. */
export function writeBelow(directory: string, name: string, content: string | Uint8Array): void {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  if (typeof content === 'string' && content.startsWith('#!')) chmodSync(file, 0o755);
}
