import type { AbsolutePath, HostReader } from '../host/host.ts';

/** The id of a process with such a name of which this holds. `of` is its directory in /proc. */
export function findProcess(name: RegExp, holds: (of: AbsolutePath) => boolean, host: HostReader): string | undefined {
  return (host.list('/proc') ?? [])
    .filter((id) => /^\d+$/.test(id))
    .find((id) => {
      try {
        return name.test(host.readFile(`/proc/${id}/comm`, 64)?.toString() ?? '') && holds(`/proc/${id}`);
      } catch {
        // It has ended meanwhile, or belongs to another user, who is none of those that this is about.
        return false;
      }
    });
}
