import type { Change } from '../model/plan.ts';
import { holdsSecret } from '../model/secret.ts';
import { parseMode } from './file-mode.ts';
import type { KeyedFile, KeyedState } from './keyed-file.ts';
import type { Refusal } from './resource-type.ts';

/** Why these keys must not be written into the file that is there. */
export function refuseKeys(
  { path, leaves, mode }: KeyedFile,
  actual: KeyedState,
  changes: readonly Change[],
): readonly Refusal[] {
  if (actual.type === 'absent') return [];
  if (actual.type === 'unusable') {
    const hint = actual.hint ?? 'repair or remove it by hand: it is never overwritten as a whole';
    return [{ code: actual.code, message: `${path} ${actual.fault}`, hint }];
  }
  const isForAll = mode === undefined && (parseMode(actual.mode) & 0o004) !== 0;
  const secret =
    isForAll && changes.find(({ field, to }) => to !== null && Object.hasOwn(leaves, field) && holdsSecret(leaves[field]));
  if (!secret) return [];
  const message = `${path} would hold a secret at ${secret.field}, and everybody may read it: its mode is ${actual.mode}`;
  return [{ code: 'readable-secret', message, hint: 'give the resource a mode, such as "0600"' }];
}
