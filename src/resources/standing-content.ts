import type { AbsolutePath, HostReader } from '../host/host.ts';
import { largestPreview, type Preview } from '../model/plan.ts';

/** What a preview has as `before` for a file: a file that grew out of all bounds must not end the run that would repair it. */
export function standingContent(path: AbsolutePath, host: HostReader): Preview['before'] {
  const stat = host.stat(path);
  if (stat?.type !== 'file') return undefined;
  return stat.size > largestPreview ? { size: stat.size } : host.readFile(path);
}
