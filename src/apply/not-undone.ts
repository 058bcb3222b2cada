import type { Address } from '../model/catalog.ts';
import { listed } from '../model/listed.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';

/** Whether what a resource of this kind did can be put back; what a command did cannot. */
export const canUndo = ({ undo, touches }: AnyResourceType): boolean => (undo ?? touches) !== undefined;

/** Said of a step that began, of a kind that cannot undo it. */
export const notUndone = 'ran; cannot be undone';

const mostNamed = 3;

/** The same of all such steps, as part of a sentence; undefined where there are none. */
export function notUndoneInWords(addresses: readonly Address[]): string | undefined {
  if (addresses.length === 0) return undefined;
  return `what ${listed(addresses, mostNamed)} did cannot be undone`;
}
