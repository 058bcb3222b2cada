import { posix } from 'node:path';

/** A path as rules compare it: no `..`, no doubled or trailing slash. */
export const plainPath = (path: string): string => posix.normalize(path).replace(/(.)\/$/, '$1');

/** Whether a plain path is `base` or stands below it. */
export const isBelow = (path: string, base: string): boolean => path === base || path.startsWith(base === '/' ? '/' : `${base}/`);
