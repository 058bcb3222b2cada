import type { AbsolutePath, HostReader } from '../host/host.ts';

/** A path, and where a directory stands there all that is in it; without a host the path alone. */
export const pathsBelow = (path: AbsolutePath, host: HostReader | undefined): readonly AbsolutePath[] => [
  path,
  ...(host?.stat(path)?.type === 'directory'
    ? (host.list(path) ?? []).flatMap((name) => pathsBelow(`${path}/${name}`, host))
    : []),
];
