import type { AbsolutePath, HostReader } from '../host/host.ts';

/** `mount`: the known directory above it in which another filesystem is mounted, and which. */
interface Foreign {
  readonly relative: string;
  readonly mount?: string;
}

/**
 * What stands below a directory and is none of the known paths, which are relative; directories end with a slash and come after
 * what is in them. One in which something is mounted is not looked into, unless it is known.
 */
export function* foreignPaths(root: AbsolutePath, known: ReadonlySet<string>, host: HostReader, below = ''): Generator<Foreign> {
  for (const name of host.list(`${root}/${below}`.slice(0, -1)) ?? []) {
    const path = below + name;
    const isDirectory = host.stat(`${root}/${path}`)?.type === 'directory';
    const relative = isDirectory ? `${path}/` : path;
    if (known.has(relative)) {
      if (isDirectory) yield* belowKnown(root, path, known, host);
      continue;
    }
    if (isDirectory && !mountHiding(`${root}/${path}`, host)) yield* foreignPaths(root, known, host, relative);
    yield { relative };
  }
}

/** A directory that holds nothing foreign is not asked what is mounted there. */
function* belowKnown(root: AbsolutePath, directory: string, known: ReadonlySet<string>, host: HostReader): Generator<Foreign> {
  let mount: string | undefined;
  for (const found of foreignPaths(root, known, host, `${directory}/`)) {
    mount ??= mountHiding(`${root}/${directory}`, host) ?? '';
    yield mount === '' ? found : { mount: `${root}/${directory} (${mount})`, ...found };
  }
}

function mountHiding(directory: AbsolutePath, host: HostReader): string | undefined {
  const mount = host.mountAt(directory);
  return mount?.hides === true ? mount.what : undefined;
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
