/** What of a repository is configuration; everything else in it is not read. */
export const sourceDirectories = ['desired-state', 'inventory', 'roles'] as const;

/** What the files of one revision may be. */
export const treeBounds = {
  /** There may be as many directories. */
  files: 50_000,
  /** Of one file, bytes. It is held in memory while it is compared and written. */
  largestFile: 64 * 1024 * 1024,
  /** Of all files of a commit, bytes: what a small pack unfolds into is kept on disk. */
  total: 1024 * 1024 * 1024,
  /** Of the list of all files of a commit, with their paths, bytes. */
  list: 32 * 1024 * 1024,
  /** Problems that are listed. */
  problems: 100,
} as const;

/** In a name: `**` of a glob stops there. */
export const lineBreak = /[\n\r\u2028\u2029]/;
