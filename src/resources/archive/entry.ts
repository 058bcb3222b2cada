/** What an archive holds, one after the other. `body` must be read before the next one is asked for, or is skipped. */
export interface ArchiveEntry {
  /** As the archive writes it; nothing of it has been checked. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symbolic link' | 'hard link';
  readonly isExecutable: boolean;
  /** Of a link, as the archive writes it. */
  readonly target: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** An archive that is damaged, or holds what is never unpacked. */
export const unfit = (what: string): Error => new Error(`the archive ${what}; nothing was unpacked`);
