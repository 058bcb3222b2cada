import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog, ContentRef } from '../model/catalog.ts';
import type { HostPolicyDocument, PolicyDocument } from '../model/document.ts';
import { canonicalJson } from '../model/json.ts';
import type { SourceTree } from '../model/revision.ts';
import type { HostChain } from '../model/host-chain.ts';

/** A compiled catalog, with what policy needs to judge a plan that is made from it. */
export interface CachedCatalog {
  readonly key: string;
  readonly catalog: Catalog;
  readonly policy: PolicyDocument;
  readonly hostPolicy: HostPolicyDocument;
  readonly chains: readonly HostChain[];
}

interface Written extends Omit<CachedCatalog, 'catalog'> {
  readonly catalog: Omit<Catalog, 'contents'>;
  /** Where the bytes of a digest are: a file of the repository, or the text itself. */
  readonly files: Readonly<Record<string, string>>;
  readonly texts: Readonly<Record<string, string>>;
}

const fileName = 'catalog';

/** Reads the catalog that was compiled for this key; undefined when there is none. Its texts have been judged. */
export function readCatalog(directory: string, key: string, sources: SourceTree): CachedCatalog | undefined {
  const written = readWritten(directory);
  if (written?.key !== key) return undefined;
  const { catalog, files, texts, ...rest } = written;
  const read = (ref: ContentRef): Buffer => {
    const text = texts[ref.sha256];
    if (text !== undefined) return Buffer.from(text, 'base64');
    const file = files[ref.sha256];
    const bytes = file === undefined ? undefined : sources.read(file);
    if (bytes?.length === ref.size) return bytes;
    throw new Error(`${file ?? ref.sha256} has changed since it was compiled`);
  };
  return { ...rest, catalog: { ...catalog, contents: { read, places: () => ({ files, texts }) } } };
}

function readWritten(directory: string): Written | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, fileName), 'utf8')) as Written;
  } catch {
    // Absent or cut short: compiling is always right.
    return undefined;
  }
}

/** Must not be called for a catalog that secrets went into: it is kept as it is. */
export function writeCatalog(directory: string, { catalog, ...rest }: CachedCatalog): void {
  const { contents, ...plain } = catalog;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const staged = join(directory, `${fileName}.new`);
  rmSync(staged, { force: true });
  writeFileSync(staged, canonicalJson({ ...rest, catalog: plain, ...contents.places() } satisfies Written), {
    mode: 0o600,
    flag: 'wx',
  });
  renameSync(staged, join(directory, fileName));
}
