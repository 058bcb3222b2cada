import { openBytes, type Bytes } from './bytes.ts';
import { unfit, type ArchiveEntry } from './entry.ts';

const block = 512;
/** Of the headers that hold long names. Bytes. */
const longestNote = 64 * 1024;

const types = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard link',
  '2': 'symbolic link',
  '5': 'directory',
} as const satisfies Record<string, ArchiveEntry['type']>;

/** The entries of a tar stream: ustar, pax and GNU. Throws for devices, fifos, sparse files and whatever else is none of the four types. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveEntry> {
  const bytes = openBytes(chunks);
  try {
    yield* entriesOf(bytes);
  } finally {
    await bytes.close();
  }
}

async function* entriesOf(bytes: Bytes): AsyncGenerator<ArchiveEntry> {
  let notes: Notes = {};
  for (let header = await bytes.take(block); header; header = await bytes.take(block)) {
    // Two such blocks are the end; what follows is padding.
    if (header.every((byte) => byte === 0)) return;
    checkSum(header);
    const type = String.fromCharCode(header[156]!);
    const size = notes.size ?? readNumber(header.subarray(124, 136));
    if (!Number.isSafeInteger(size) || size < 0) throw unfit('gives an entry a size that cannot be');
    const end = bytes.position() + Math.ceil(size / block) * block;
    if ('xgLK'.includes(type)) {
      const note = await readNote(bytes, size);
      // A global header holds what is true of the whole archive, such as the commit that it was made from.
      if (type === 'x') notes = { ...notes, ...readPax(note) };
      if (type === 'L') notes = { ...notes, path: textOf(note) };
      if (type === 'K') notes = { ...notes, target: textOf(note) };
    } else {
      yield entryOf(header, type, notes, bytes.pieces(size));
      notes = {};
    }
    await bytes.skipTo(end);
  }
}

function entryOf(header: Buffer, letter: string, notes: Notes, body: ArchiveEntry['body']): ArchiveEntry {
  const path = notes.path ?? pathOf(header);
  const type = Object.hasOwn(types, letter) ? types[letter as keyof typeof types] : undefined;
  if (notes.isSparse || !type) throw unfit(`holds "${path}", which is no file, directory or link`);
  return {
    path,
    // What is older than the type for directories ends their names like this.
    type: type === 'file' && path.endsWith('/') ? 'directory' : type,
    isExecutable: (readNumber(header.subarray(100, 108)) & 0o111) !== 0,
    target: notes.target ?? textOf(header.subarray(157, 257)),
    body,
  };
}

interface Notes {
  readonly path?: string;
  readonly target?: string;
  readonly size?: number;
  readonly isSparse?: true;
}

async function readNote(bytes: Bytes, size: number): Promise<Buffer> {
  if (size > longestNote) throw unfit(`has a header of ${size} bytes`);
  const note = size === 0 ? Buffer.alloc(0) : await bytes.take(size);
  if (!note) throw unfit('ends too early');
  return note;
}

/** Records of the form `LENGTH KEY=VALUE\n`; the length counts bytes, itself included. */
function readPax(note: Buffer): Notes {
  let notes: Notes = {};
  for (let start = 0; start < note.length;) {
    const space = note.indexOf(0x20, start);
    const length = Number(note.toString('latin1', start, space));
    const equals = note.indexOf(0x3d, space);
    if (space < 0 || !Number.isInteger(length) || length <= 0 || start + length > note.length || equals >= start + length)
      throw unfit('has a header that cannot be read');
    const key = note.toString('utf8', space + 1, equals);
    const value = note.toString('utf8', equals + 1, start + length - 1);
    if (key === 'path') notes = { ...notes, path: value };
    else if (key === 'linkpath') notes = { ...notes, target: value };
    else if (key === 'size') notes = { ...notes, size: Number(value) };
    else if (key.startsWith('GNU.sparse.')) notes = { ...notes, isSparse: true };
    start += length;
  }
  return notes;
}

function checkSum(header: Buffer): void {
  // The sum is made with spaces where it stands.
  const sum = header.reduce((all, byte, index) => all + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (sum !== readNumber(header.subarray(148, 156))) throw unfit('is no tar archive, or is damaged');
}

function pathOf(header: Buffer): string {
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? textOf(header.subarray(345, 500)) : '';
  const name = textOf(header.subarray(0, 100));
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal digits; or, with the highest bit set, binary. */
function readNumber(field: Buffer): number {
  if ((field[0]! & 0x80) === 0) return Number.parseInt(textOf(field).trim() || '0', 8);
  return field.subarray(1).reduce((number, byte) => number * 256 + byte, field[0]! & 0x7f);
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}
