import { lstatSync } from 'node:fs';
import type { HostReader } from './host.ts';
import { isRacy } from './stat-index.ts';

interface Parsed {
  readonly path: string;
  readonly signature: string;
  readonly value: unknown;
}

/** `parsed` of a host. One file is remembered of each function that reads, and none that could change again without a trace. */
export function openParsedFiles({ realPath, readFile }: Pick<HostReader, 'realPath' | 'readFile'>): HostReader['parsed'] {
  const known = new Map<unknown, Parsed>();
  return <T>(path: string, parse: (bytes: Buffer | undefined) => T): T => {
    // Before it is read: what is written meanwhile has another one.
    const stat = lstatSync(realPath(path), { bigint: true, throwIfNoEntry: false });
    const signature = stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ') : 'absent';
    const found = known.get(parse);
    if (found?.path === path && found.signature === signature) return found.value as T;
    const value = parse(readFile(path));
    if (stat && isRacy(stat, BigInt(Date.now()) * 1_000_000n)) known.delete(parse);
    else known.set(parse, { path, signature, value });
    return value;
  };
}
