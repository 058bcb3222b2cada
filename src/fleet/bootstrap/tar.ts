interface Entry {
  /** Relative path, at most 100 bytes. */
  readonly name: string;
  readonly content: Buffer;
}

const block = 512;

/** A tar archive (ustar) of plain files, mode 0644, owned by root. The same entries always give the same bytes. */
export function makeTar(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ name, content }) => [header(name, content.length), content, padding(content.length)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

const padding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block);

function header(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long a name for an archive`);
  const bytes = Buffer.alloc(block);
  const put = (text: string, at: number): void => void bytes.write(text, at, 'latin1');
  bytes.write(name);
  put('0000644\0', 100);
  // Owner, group, size and time.
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${size.toString(8).padStart(11, '0')}\0`, 124);
  put('00000000000\0', 136);
  // A sum over the header in which its own field counts as blanks.
  put('        ', 148);
  put('0', 156);
  put('ustar\x0000', 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}
