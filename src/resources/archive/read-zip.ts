import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import { unfit, type ArchiveEntry } from './entry.ts';

const endSize = 22;
/** A comment may follow the end. */
const longestComment = 65_535;
const largestDirectory = 16 * 1024 * 1024;
const fromUnix = 3;

/** The entries of a zip file, as its directory lists them. Throws for encrypted ones, for other methods than deflate, and over 4 GiB. */
export async function* readZip(path: string): AsyncGenerator<ArchiveEntry> {
  const file = await open(path);
  try {
    const directory = await readDirectory(file);
    for (let at = 0; at < directory.length;) {
      if (directory.length - at < 46 || directory.readUInt32LE(at) !== 0x02014b50)
        throw unfit('has a directory that cannot be read');
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset)) as [
        number,
        number,
        number,
      ];
      const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
      yield await readEntry(file, path, directory.subarray(at, at + 46), name);
      at += 46 + nameLength + extraLength + commentLength;
    }
  } finally {
    await file.close();
  }
}

async function readEntry(file: FileHandle, path: string, header: Buffer, name: string): Promise<ArchiveEntry> {
  const mode = header[5] === fromUnix ? header.readUInt32LE(38) >>> 16 : 0;
  const [packed, size] = [header.readUInt32LE(20), header.readUInt32LE(24)];
  if ((header.readUInt16LE(8) & 1) !== 0) throw unfit(`holds "${name}", which is encrypted`);
  const body = bodyOf(file, path, { name, packed, size, start: header.readUInt32LE(42), method: header.readUInt16LE(10) });
  const type = typeOf(mode, name);
  const common = { path: name, type, isExecutable: (mode & 0o111) !== 0 };
  if (type !== 'symbolic link') return { ...common, target: '', body };
  if (size > 4096) throw unfit(`holds the link "${name}" with a target of ${size} bytes`);
  return { ...common, target: Buffer.concat(await Array.fromAsync(body)).toString(), body: (async function* () {})() };
}

function typeOf(mode: number, name: string): ArchiveEntry['type'] {
  switch (mode & 0o170000) {
    case 0:
    case 0o100000:
      return name.endsWith('/') ? 'directory' : 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'symbolic link';
    default:
      throw unfit(`holds "${name}", which is no file, directory or link`);
  }
}

interface Stored {
  readonly name: string;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
  readonly method: number;
}

/** Stops as soon as it is more than the directory says. */
async function* bodyOf(
  file: FileHandle,
  path: string,
  { name, packed, size, start, method }: Stored,
): AsyncGenerator<Uint8Array> {
  if (method !== 0 && method !== 8) throw unfit(`holds "${name}", packed in a way that is not known here`);
  const local = await readAt(file, start, 30);
  if (local.readUInt32LE(0) !== 0x04034b50) throw unfit(`is damaged at "${name}"`);
  const first = start + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  let found = 0;
  if (packed > 0) {
    const raw = createReadStream(path, { start: first, end: first + packed - 1 });
    const plain = method === 8 ? raw.pipe(createInflateRaw()) : raw;
    // An error of the file does not reach the pipe by itself.
    raw.on('error', (error) => plain.destroy(error));
    try {
      for await (const chunk of plain as AsyncIterable<Uint8Array>) {
        found += chunk.length;
        if (found > size) break;
        yield chunk;
      }
    } finally {
      raw.destroy();
    }
  }
  if (found !== size) throw unfit(`holds "${name}" with another size than it says`);
}

async function readDirectory(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const length = Math.min(size, endSize + longestComment);
  const tail = await readAt(file, size - length, length);
  const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (at < 0 || tail.length - at < endSize) throw unfit('is no zip archive, or is damaged');
  const [bytes, start] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (start === 0xffffffff || start + bytes > size) throw unfit('is larger than 4 GiB, or is damaged');
  if (bytes > largestDirectory) throw unfit(`has a directory of ${bytes} bytes`);
  return readAt(file, start, bytes);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead < length) throw unfit('ends too early');
  return buffer;
}
