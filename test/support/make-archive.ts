import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';

export interface Packed {
  readonly path: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'device';
  readonly text?: string;
  /** How often the text comes. */
  readonly times?: number;
  readonly mode?: string;
  readonly target?: string;
}

/** An archive as Python's own modules make it, hostile ones too. `gnu` is a tar.gz with the headers of GNU. */
export function makeArchive(format: 'tar' | 'tar.gz' | 'tar.xz' | 'tar.zst' | 'zip' | 'gnu', entries: readonly Packed[]): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'archive-'));
  try {
    const file = join(directory, 'archive');
    const made = format === 'tar.zst' ? 'tar' : format;
    execFileSync('python3', [join(import.meta.dirname, 'make-archive.py'), made, file, JSON.stringify(entries)], {
      stdio: 'pipe',
    });
    return format === 'tar.zst' ? zstdCompressSync(readFileSync(file)) : readFileSync(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
