import { lstatSync, statSync, type Stats } from 'node:fs';
import { StateError } from './state-error.ts';

/** Throws `StateError` where something else stands than what belongs there, a link that leads nowhere too. Nothing at all is no fault. */
export function requireKind(path: string, kind: 'file' | 'directory'): void {
  const hint = `restore the ${kind} from a backup, or move away what stands there: then a new one is made`;
  let stat: Stats;
  try {
    if (!lstatSync(path, { throwIfNoEntry: false })) return;
    stat = statSync(path);
  } catch (error) {
    throw new StateError(`${path} leads nowhere: ${(error as Error).message}`, hint, error);
  }
  if (kind === 'file' ? !stat.isFile() : !stat.isDirectory()) throw new StateError(`${path} is not a ${kind}`, hint);
}
