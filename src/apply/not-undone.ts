import type { Address } from '../model/catalog.ts';
import { listed } from '../model/listed.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';

/** Whether what a resource of this kind did can be put back; what a command did cannot. */
export const canUndo = ({ undo, touches }: AnyResourceType): boolean => (undo ?? touches) !== undefined;

/** Said of a step that began, of a kind that cannot undo it. */
export const notUndone = 'ran; cannot be undone';

const mostNamed = 3;

/** The same of all such steps, as part of a sentence; nothing where there are none. */
export const notUndoneInWords = (addresses: readonly Address[]): readonly string[] =>
  addresses.length === 0 ? [] : [`what ${listed(addresses, mostNamed)} did cannot be undone`];
