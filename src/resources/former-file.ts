import type { AbsolutePath } from '../host/host.ts';
import type { Change } from '../model/plan.ts';

/** The field of a change that takes away a file which the resource had at another path, by its `from`. */
export const formerFile = 'former file';

export const formerIn = (changes: readonly Change[]): readonly AbsolutePath[] =>
  changes.flatMap(({ field, from }) => (field === formerFile ? [String(from)] : []));
