import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFiles, versionId } from '../../install/library.ts';
import { packOnce, type Packed } from './pack-once.ts';
import { makeTar } from './tar.ts';

/** The built program, as one file to send. */
export interface ProgramArchive {
  /** Of the version in the library of a host. */
  readonly id: string;
  readonly packed: Packed;
  /** Bytes of what is in it. */
  readonly size: number;
}

/** Packs a bundle into the cache. Throws for a directory that is no built program. */
export async function packProgram(bundle: string, version: string, cache: string): Promise<ProgramArchive> {
  const id = versionId(bundle, version);
  const tar = makeTar(bundleFiles(bundle).map((name) => ({ name, content: readFileSync(join(bundle, name)) })));
  return { id, packed: await packOnce(cache, `program-${id}.tar`, tar), size: tar.length };
}
