import { join } from 'node:path';
import { makeUnit, unitName, type Scope } from './unit.ts';

interface Place {
  readonly scope: Scope;
  /** Of the account, for the user scope. */
  readonly home: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** The Node that the unit starts. */
  readonly node: string;
}

export interface InstalledFile {
  readonly path: string;
  /** For people. */
  readonly what: string;
  readonly content: string;
  readonly mode: number;
}

/** The library of an installation and the files beside it, with paths as the host sees them. */
export function installedFiles({ scope, home, env, node }: Place): {
  readonly library: string;
  readonly unit: InstalledFile;
  readonly wrapper: InstalledFile;
} {
  const isUser = scope === 'user';
  const library = isUser ? join(env['XDG_DATA_HOME'] || join(home, '.local/share'), 'timmy-reconciler') : systemLibrary;
  const command = isUser ? join(home, '.local/bin/reconcile') : '/usr/local/bin/reconcile';
  const unit = makeUnit({ scope, node, library });
  return {
    library,
    unit: { path: join(unitDirectory({ scope, home, env }), unitName), what: 'the systemd unit', content: unit, mode: 0o644 },
    wrapper: { path: command, what: 'the command', content: wrapperText(node, library), mode: 0o755 },
  };
}

/** Where units of administrators are. */
export const unitDirectory = ({ scope, home, env }: Omit<Place, 'node'>): string =>
  scope === 'user' ? join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'systemd/user') : '/etc/systemd/system';

/** Of an installation for the whole host. */
export const systemLibrary = '/usr/local/lib/timmy-reconciler';

/** Not a link: the program runs on the Node that the service runs on, and a signal opens Node's debugger to nobody else. */
const wrapperText = (node: string, library: string): string =>
  `#!/bin/sh\n# Written by \`reconcile install\`.\nexec '${node}' '--inspect-publish-uid=stderr' '${library}/current/reconcile.mjs' "$@"\n`;
