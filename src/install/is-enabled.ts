import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { unitDirectory } from './installed-files.ts';
import { unitName, type Scope } from './unit.ts';

/** Whether systemd starts the agent with the machine, or with the session of the account. */
export function isEnabled(scope: Scope, home: string): boolean {
  const target = scope === 'user' ? 'default.target' : 'multi-user.target';
  const link = join(unitDirectory({ scope, home, env: process.env }), `${target}.wants`, unitName);
  return lstatSync(link, { throwIfNoEntry: false }) !== undefined;
}
