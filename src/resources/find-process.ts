import { setTimeout as sleep } from 'node:timers/promises';
import type { AbsolutePath, HostReader } from '../host/host.ts';
import { PassingError } from '../model/passing-error.ts';

const pause = 50;

/** Processes with such a name of which this holds. `of` is the directory of one in /proc. */
interface Sought {
  readonly name: RegExp;
  /** For who waits for them: what they work in. */
  readonly where?: AbsolutePath;
  readonly holds?: (of: AbsolutePath) => boolean;
}

/** The id of such a process, but not of one in a container. */
function findProcess({ name, holds }: Sought, host: HostReader): string | undefined {
  const ours = host.readLink('/proc/self/ns/pid');
  return (host.list('/proc') ?? [])
    .filter((id) => /^\d+$/.test(id))
    .find((id) => {
      const of: AbsolutePath = `/proc/${id}`;
      try {
        if (!name.test(host.readFile(`${of}/comm`, 64)?.toString().trim() ?? '')) return false;
        return host.readLink(`${of}/ns/pid`) === ours && (holds?.(of) ?? true);
      } catch {
        // It has ended meanwhile, or belongs to another user, who is none of those that this is about.
        return false;
      }
    });
}

/**
 * Waits for the end of such processes: those of a run that was killed go on without it, and what they will still do cannot be taken
 * back before it is done. Milliseconds.
 */
export async function awaitProcesses(sought: Sought, timeout: number, host: HostReader, signal: AbortSignal): Promise<void> {
  if (!host.live) return;
  for (const deadline = performance.now() + timeout; ; await sleep(pause, undefined, { signal })) {
    const id = findProcess(sought, host);
    if (id === undefined) return;
    if (performance.now() < deadline) continue;
    const name = host.readFile(`/proc/${id}/comm`, 64)?.toString().trim();
    const where = sought.where === undefined ? '' : ` in ${sought.where}`;
    throw new PassingError(`${name ?? 'a program'} is at work${where} (process ${id}): wait for its end, or end it`);
  }
}
