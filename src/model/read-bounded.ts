/** All that comes; undefined, and the rest left unread, when it is more than so many bytes. */
export async function readBounded(
  chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  mostBytes: number,
): Promise<Buffer | undefined> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > mostBytes) return undefined;
    read.push(chunk);
  }
  return Buffer.concat(read);
}
