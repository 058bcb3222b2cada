import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Problem } from '../model/problem.ts';
import { ownAccount } from './own-account.ts';
import { useRegularFile } from './regular-file.ts';

/** What decides where the host policy is and who may own it; this process's own unless told. */
export interface HostPolicyPlace {
  readonly env?: Readonly<NodeJS.ProcessEnv>;
  readonly uid?: number;
}

const maxBytes = 1024 * 1024;

/**
 * Where the host policy is: `RECONCILE_HOST_POLICY`, else `/etc/timmy-reconciler/host.yaml` for root, else
 * `$XDG_CONFIG_HOME/timmy-reconciler/host.yaml`, where the latter exists; everybody else falls back to the one in `/etc`.
 */
export function hostPolicyFile({ env = process.env, uid = process.getuid?.() ?? 0 }: HostPolicyPlace = {}): string {
  const given = env['RECONCILE_HOST_POLICY'];
  if (given) return resolve(given);
  const system = '/etc/timmy-reconciler/host.yaml';
  if (uid === 0) return system;
  const own = join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || ownAccount().home, '.config'), 'timmy-reconciler', 'host.yaml');
  return lstatSync(own, { throwIfNoEntry: false }) ? own : system;
}

/**
 * The bytes of the host policy; undefined when there is none. It must be a regular file, and it and its directory must
 * belong to root or the user and be writable by nobody else: whoever can write it decides what the repository may do.
 */
export function readHostPolicyFile(place: HostPolicyPlace): Buffer | Problem | undefined {
  const file = hostPolicyFile(place);
  const uid = place.uid ?? process.getuid?.() ?? 0;
  const shown = `the host policy ${file}`;
  const read = (descriptor: number, stat: Stats): Buffer | Problem => {
    if (stat.size > maxBytes) return { code: 'too-large', message: `${shown} is larger than ${maxBytes} bytes` };
    const fault = unsafe(file, stat, uid) ?? unsafe(dirname(file), lstatSync(dirname(file)), uid);
    return fault ?? readFileSync(descriptor);
  };
  try {
    return useRegularFile(() => file, shown, read, Infinity);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { code: 'unsafe-target', message: code === undefined ? message : `${shown} cannot be read (${code})` };
  }
}

function unsafe(path: string, stat: Stats, uid: number): Problem | undefined {
  if (stat.uid !== 0 && stat.uid !== uid)
    return { code: 'unsafe-target', message: `${path} belongs to another user`, hint: `chown root ${path}` };
  const isSticky = stat.isDirectory() && (stat.mode & 0o1000) !== 0;
  if ((stat.mode & 0o022) !== 0 && !isSticky)
    return { code: 'unsafe-target', message: `${path} is writable by others`, hint: `chmod go-w ${path}` };
  return undefined;
}
