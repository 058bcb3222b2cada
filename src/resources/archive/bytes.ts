import { unfit } from './entry.ts';

/** A stream that is read by the number of bytes. */
export interface Bytes {
  /** Exactly so many, together; undefined at the end of the stream. Throws where it ends in between. */
  take(count: number): Promise<Buffer | undefined>;
  /** Exactly so many, piece by piece. */
  pieces(count: number): AsyncGenerator<Uint8Array>;
  /** Leaves out what comes before this position. */
  skipTo(position: number): Promise<void>;
  /** How many were read. */
  position(): number;
  /** Lets go of the stream. */
  close(): Promise<void>;
}

export function openBytes(chunks: AsyncIterable<Uint8Array>): Bytes {
  const source = chunks[Symbol.asyncIterator]();
  let left: Uint8Array = new Uint8Array();
  let position = 0;
  /** At least one byte unless the stream has ended. */
  const some = async (most: number): Promise<Uint8Array> => {
    while (left.length === 0) {
      const { done, value } = await source.next();
      if (done) break;
      left = value;
    }
    const piece = left.subarray(0, most);
    left = left.subarray(piece.length);
    position += piece.length;
    return piece;
  };
  async function* pieces(count: number): AsyncGenerator<Uint8Array> {
    for (let open = count; open > 0;) {
      const piece = await some(open);
      if (piece.length === 0) throw unfit('ends too early');
      open -= piece.length;
      yield piece;
    }
  }
  return {
    pieces,
    position: () => position,
    async skipTo(end) {
      for await (const _piece of pieces(end - position));
    },
    async close() {
      await source.return?.();
    },
    async take(count) {
      const first = await some(count);
      if (first.length === 0) return undefined;
      const parts = [first];
      for await (const piece of pieces(count - first.length)) parts.push(piece);
      return Buffer.concat(parts);
    },
  };
}
