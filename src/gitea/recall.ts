import type * as z from 'zod';
import type { Memory } from '../model/reporter.ts';

/** What was remembered under this name. What another version wrote in another form counts as forgotten: Gitea still has it. */
export function recall<T>(memory: Memory, name: string, form: z.ZodType<T>): T | undefined {
  const value = memory.get(name);
  return value === undefined ? undefined : form.safeParse(value).data;
}
