import * as z from 'zod';

// What is read of Gitea's answers; everything else in them is left out. Go writes null for what is empty.
const number = z.number().int().min(0);
const text = z.string();
const optionalText = text.nullish().transform((value) => value ?? '');

/** Null: the account is gone. */
const user = z.object({ login: text }).nullish();

export const repositoryAnswer = z.object({
  id: number,
  full_name: text,
  default_branch: optionalText,
  archived: z.boolean().default(false),
  clone_url: optionalText,
  html_url: optionalText,
});
export type Repository = z.infer<typeof repositoryAnswer>;

export const labelAnswer = z.object({ id: number, name: text, color: optionalText, description: optionalText });
export type Label = z.infer<typeof labelAnswer>;

const state = z.enum(['open', 'closed']);

export const issueAnswer = z.object({
  number,
  title: text,
  body: optionalText,
  state,
  user,
  labels: z.array(labelAnswer).nullish(),
  assignees: z.array(z.object({ login: text })).nullish(),
  html_url: optionalText,
});
export type Issue = z.infer<typeof issueAnswer>;

export const commentAnswer = z.object({ id: number, body: optionalText, user, html_url: optionalText });
export type Comment = z.infer<typeof commentAnswer>;

/** The repository is null when it is gone. */
const branch = z.object({ ref: optionalText, sha: text, repo: z.object({ id: number, owner: user }).nullish() });

export const pullAnswer = z.object({
  number,
  title: text,
  body: optionalText,
  state,
  user,
  draft: z.boolean().default(false),
  merged: z.boolean().nullish(),
  mergeable: z.boolean().nullish(),
  head: branch,
  base: branch,
  html_url: optionalText,
});
export type Pull = z.infer<typeof pullAnswer>;

/** `status`, where one would expect `state`. */
export const statusAnswer = z.object({
  id: number,
  status: text,
  context: text,
  description: optionalText,
  target_url: optionalText,
  created_at: optionalText,
});
export type CommitStatus = z.infer<typeof statusAnswer>;
