import type { DatabaseSync } from 'node:sqlite';

/** How large a database is, and how much of it is in use, in bytes. Known without reading it. */
export function pageBytes(database: DatabaseSync): { readonly all: number; readonly used: number } {
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  const [pages, size] = [pragma('page_count'), pragma('page_size')];
  return { all: pages * size, used: (pages - pragma('freelist_count')) * size };
}
