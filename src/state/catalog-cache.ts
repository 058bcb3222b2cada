import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog, Contents } from '../model/catalog.ts';
import type { PolicyDocument } from '../model/document.ts';
import type { HostPolicyDocument } from '../model/host-policy-document.ts';
import { sha256 } from '../model/json.ts';
import type { SourceTree } from '../model/revision.ts';
import type { HostChain } from '../model/host-chain.ts';
import { buildId } from '../model/version.ts';
import { putMark } from './put-mark.ts';

/** A compiled catalog, with what policy needs to judge a plan that is made from it. */
export interface CachedCatalog {
  readonly key: string;
  readonly catalog: Catalog;
  readonly policy: PolicyDocument;
  readonly hostPolicy: HostPolicyDocument;
  readonly chains: readonly HostChain[];
  /** Files of the repository of which more than the digest went into it; undefined where the commit itself did. */
  readonly reads?: readonly string[] | undefined;
}

interface Written extends Omit<CachedCatalog, 'catalog'> {
  readonly build: string;
  readonly catalog: Omit<Catalog, 'contents'>;
  readonly files: ReturnType<Contents['places']>['files'];
  readonly texts: ReturnType<Contents['places']>['texts'];
}

const fileName = 'catalog';

/** Reads the catalog that this build of the program compiled for this key; undefined when there is none. Its texts have been judged. */
export function readCatalog(directory: string, key: string, sources: SourceTree): CachedCatalog | undefined {
  const written = readWritten(directory);
  if (written?.key !== key || written.build !== buildId) return undefined;
  const { build: _build, catalog, files, texts, ...rest } = written;
  return { ...rest, catalog: { ...catalog, contents: contentsAt({ files, texts }, sources) } };
}

/** Contents by where their bytes are. */
export const contentsAt = ({ files, texts }: ReturnType<Contents['places']>, sources: SourceTree): Contents => ({
  read({ sha256: digest, size }) {
    const text = texts[digest];
    if (text !== undefined) return Buffer.from(text, 'base64');
    const file = files[digest];
    const bytes = file === undefined ? undefined : sources.read(file);
    if (bytes?.length === size) return bytes;
    throw new Error(`${file ?? digest} has changed since it was compiled`);
  },
  places: () => ({ files, texts }),
});

function readWritten(directory: string): Written | undefined {
  try {
    const bytes = readFileSync(join(directory, fileName));
    const end = bytes.indexOf(10);
    // A write that a power cut has torn may still be JSON; half a catalog must not make a host look converged.
    if (bytes.toString('latin1', 0, end) !== sha256(bytes.subarray(end + 1))) return undefined;
    return JSON.parse(bytes.toString('utf8', end + 1)) as Written;
  } catch {
    // Absent: compiling is always right.
    return undefined;
  }
}

/** Must not be called for a catalog that secrets went into: it is kept as it is. */
export function writeCatalog(directory: string, { catalog, ...rest }: CachedCatalog): void {
  const { contents, ...plain } = catalog;
  // Not the canonical form: sorting ten thousand members takes longer than writing them, and nobody compares two catalogs.
  const text = JSON.stringify({ ...rest, build: buildId, catalog: plain, ...contents.places() } satisfies Written);
  putMark(directory, fileName, `${sha256(text)}\n${text}`);
}
