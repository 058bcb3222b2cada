import type * as z from 'zod';
import * as vocabulary from './attributes.ts';
import type { AnyResourceType } from './resource-type.ts';

const made = new WeakMap<AnyResourceType, z.ZodType<object>>();

/** What users may write of a kind. Made once, when it is first asked for. */
export function specOf(type: AnyResourceType): z.ZodType<object> {
  const known = made.get(type);
  if (known) return known;
  const spec = type.spec(vocabulary) as z.ZodType<object>;
  made.set(type, spec);
  return spec;
}
