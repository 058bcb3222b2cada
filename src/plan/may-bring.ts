import { isDone, type Step } from '../model/plan.ts';

/** They bring more than what they are called. */
const makers: ReadonlySet<string> = new Set(['command', 'package', 'user']);

/** Whether a program or a directory may be there after a step; a program without its path is in any directory. */
export function mayBring(step: Step, missing: string): boolean {
  const { kind, id } = step.resource;
  if (!isDone(step) || step.diff.action === 'remove') return false;
  const isAround = missing.startsWith(`${id}/`) || id.startsWith(`${missing}/`);
  return makers.has(kind) || id === missing || isAround || id.endsWith(`/${missing}`);
}
