import type * as z from 'zod';
import type { GiteaPolicy } from '../model/host-policy-document.ts';
import type { Memory } from '../model/reporter.ts';

/** What was remembered under this name. What another version wrote in another form counts as forgotten: Gitea still has it. */
export function recall<T>(memory: Memory, name: string, form: z.ZodType<T>): T | undefined {
  const value = memory.get(name);
  return value === undefined ? undefined : form.safeParse(value).data;
}

/** The repository at its forge. What has a number there is remembered with it: elsewhere the same number is of somebody else. */
export const placeOf = ({ url, repository }: Pick<GiteaPolicy, 'url' | 'repository'>): string => `${url} ${repository}`;
