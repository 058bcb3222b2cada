import type { AbsolutePath, HostReader } from '../host/host.ts';

/**
 * What stands below a directory and is none of the known paths, which are relative; directories end with a slash and come after
 * what is in them.
 */
export function* foreignPaths(root: AbsolutePath, known: ReadonlySet<string>, host: HostReader, below = ''): Generator<string> {
  for (const name of host.list(`${root}/${below}`.slice(0, -1)) ?? []) {
    const relative = below + name;
    const isDirectory = host.stat(`${root}/${relative}`)?.type === 'directory';
    if (isDirectory) yield* foreignPaths(root, known, host, `${relative}/`);
    if (!known.has(isDirectory ? `${relative}/` : relative)) yield isDirectory ? `${relative}/` : relative;
  }
}

/** Whether one of them is a directory; asks nothing about what is known. */
export function holdsForeignDirectory(root: AbsolutePath, known: ReadonlyMap<string, unknown>, host: HostReader): boolean {
  const isForeign = (relative: string): boolean =>
    !known.has(relative) && !known.has(`${relative}/`) && host.stat(`${root}/${relative}`)?.type === 'directory';
  const directories = [...known.keys()].filter((relative) => relative === '' || relative.endsWith('/'));
  return directories.some((relative) =>
    host.list(`${root}/${relative}`.slice(0, -1))?.some((name) => isForeign(relative + name)),
  );
}
