import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { PassThrough, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { unfit, type ArchiveEntry } from './entry.ts';
import { readTar } from './read-tar.ts';
import { readZip } from './read-zip.ts';

export const archiveFormats = ['tar', 'tar.gz', 'tar.xz', 'tar.zst', 'zip'] as const;
export type ArchiveFormat = (typeof archiveFormats)[number];

const endings: readonly (readonly [ending: RegExp, format: ArchiveFormat])[] = [
  [/\.(tar\.gz|tgz)$/i, 'tar.gz'],
  [/\.(tar\.xz|txz)$/i, 'tar.xz'],
  [/\.(tar\.zst|tzst)$/i, 'tar.zst'],
  [/\.tar$/i, 'tar'],
  [/\.zip$/i, 'zip'],
];

/** What a file of that name is. */
export const formatOf = (path: string): ArchiveFormat | undefined => endings.find(([ending]) => ending.test(path))?.[1];

/** The entries of an archive, without all of it in memory. What is wrong with it is thrown while it is read. */
export function openArchive(file: string, format: Exclude<ArchiveFormat, 'tar.xz'>): AsyncIterable<ArchiveEntry> {
  if (format === 'zip') return readZip(file);
  const unpacker: Readonly<Record<typeof format, () => Transform>> = {
    tar: () => new PassThrough(),
    'tar.gz': () => createGunzip(),
    'tar.zst': () => createZstdDecompress(),
  };
  return readTar(plain(file, unpacker[format]()));
}

async function* plain(file: string, unpacker: Transform): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const fed = pipeline(createReadStream(file), unpacker, { signal: stop.signal });
  // It is awaited below, and until then must not end the process.
  fed.catch(() => undefined);
  try {
    yield* unpacker as AsyncIterable<Uint8Array>;
    await fed;
  } catch (error) {
    throw unfit(`cannot be unpacked (${(error as Error).message})`);
  } finally {
    stop.abort();
    await fed.catch(() => undefined);
  }
}
