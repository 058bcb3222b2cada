import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import { awaitProcesses } from './find-process.ts';

/** Milliseconds that a `crontab` of somebody else, or of a run that was killed, has for its end. */
const patience = 10_000;

/**
 * Half of crontabs that a `crontab` at work has in the spool, or one that was killed has left there: cron complains of them as of
 * users that do not exist.
 */
export function findHalfCrontabs(spool: AbsolutePath, host: HostReader): readonly AbsolutePath[] {
  if (!host.live || !host.privileged) return [];
  const isHalf = (name: string): boolean => /^tmp\.\w{6}$/.test(name) && host.userId(name) === undefined;
  return (host.list(spool) ?? []).filter(isHalf).map((name) => `${spool}/${name}`);
}

/** Waits for every `crontab` that installs something, and removes the halves that came since `before`. */
export async function sweepHalfCrontabs(
  spool: AbsolutePath,
  before: readonly AbsolutePath[],
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  await awaitProcesses({ name: /^crontab$/, holds: (process) => !isIdle(process, host) }, patience, host, signal);
  for (const path of findHalfCrontabs(spool, host)) if (!before.includes(path)) host.remove(path);
}

/** It waits for somebody's editor. */
const isIdle = (process: AbsolutePath, host: HostReader): boolean =>
  host.readFile(`${process}/cmdline`, 4096)?.toString().split('\0').includes('-e') === true;
