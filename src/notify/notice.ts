import type { Channel } from '../model/host-policy-document.ts';
import { shorten } from '../report/shorten.ts';

export type Topic = Channel['on'][number];

/** One thing that a channel tells: what, why, and what to do about it. Plain text for a small screen. */
export interface Notice {
  /** The same over every attempt to deliver it. */
  readonly id: string;
  /** Milliseconds since 1970: when it became known. */
  readonly at: number;
  readonly topic: Topic | 'digest';
  /** Whether something began, ended, or simply happened. */
  readonly state: 'began' | 'ended' | 'happened';
  readonly subject: string;
  readonly title: string;
  /** Empty where the title says it all. */
  readonly why: string;
  readonly todo: string;
}

/** Something that is so until it ends: a failing run, drift, a suspension. */
export interface Condition {
  /** What it is about; there is one condition per subject at a time. */
  readonly subject: string;
  readonly topic: Topic;
  /** Two conditions of a subject with equal texts are the same thing. Holds no times and no counts. */
  readonly sameness: string;
  readonly since: number;
  readonly title: string;
  readonly why: string;
  readonly todo: string;
  /** What is told when it is over; empty: nothing. */
  readonly ended: string;
}

/** What is so now, whenever it began. */
export type Found = Omit<Condition, 'since'>;

/** Something that happened and leaves nothing to end. */
export type Happening = Omit<Condition, 'ended'>;

const lengths = { title: 200, why: 500, todo: 300 } as const;

/** The texts of a notice within what a small screen shows. */
export const boundedTexts = ({ title, why, todo }: Pick<Notice, 'title' | 'why' | 'todo'>) => ({
  title: shorten(title, lengths.title),
  why: shorten(why, lengths.why),
  todo: shorten(todo, lengths.todo),
});

/** `03:12 UTC`. */
export const clockTime = (at: number | string): string => `${new Date(at).toISOString().slice(11, 16)} UTC`;

/** `11-20 03:12 UTC`. */
export const dayAndTime = (at: number | string): string => `${new Date(at).toISOString().slice(5, 10)} ${clockTime(at)}`;

/** `1a2b3c4d (main)`. */
export const revisionName = (commit: string | null, branch: string | null): string =>
  commit === null ? 'a revision outside git' : `${commit.slice(0, 8)}${branch ? ` (${branch})` : ''}`;
