import type { PathStat } from './host.ts';

const formatMask = 0o170000;
const types: Readonly<Record<number, PathStat['type']>> = { 0o100000: 'file', 0o040000: 'directory', 0o120000: 'link' };

/** What lstat's `mode` says: what stands there, and its permission bits. */
export const typeAndMode = (mode: number): Pick<PathStat, 'type' | 'mode'> => ({
  type: types[mode & formatMask] ?? 'other',
  mode: mode & 0o7777,
});
