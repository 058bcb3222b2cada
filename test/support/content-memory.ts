import { noContents, type Contents, type ContentRef } from '../../src/model/catalog.ts';
import { sha256 } from '../../src/model/json.ts';
import { Secret } from '../../src/model/secret.ts';
import type { PrepareContext } from '../../src/resources/resource-type.ts';

/** Files of a pretended repository, by the name that `source:` or `template:` gives. Those named `*.sh` can be executed. */
export type Sources = Readonly<Record<string, string>>;

/** What compile gives to a kind's `prepare`, from memory. A source that is not there is undefined, as in compile. */
export interface ContentMemory {
  readonly contents: Contents;
  prepareContext(sources: Sources, problem: PrepareContext['problem']): PrepareContext;
}

export function openContentMemory(): ContentMemory {
  const known = new Map<string, Buffer>();
  const keep = (text: string, sensitive = false): ContentRef => {
    const bytes = Buffer.from(text);
    known.set(sha256(bytes), bytes);
    return { sha256: sha256(bytes), size: bytes.length, ...(sensitive && { sensitive: true as const }) };
  };
  const read = ({ sha256: digest }: ContentRef): Buffer => {
    const bytes = known.get(digest);
    if (!bytes) throw new Error(`no content ${digest}`);
    return bytes;
  };
  return {
    contents: { ...noContents, read },
    prepareContext(sources, problem) {
      const named = (name: string): ContentRef | undefined => {
        const text = sources[name];
        return text === undefined ? undefined : keep(text);
      };
      return {
        text: (text) => (text instanceof Secret ? keep(text.reveal(), true) : keep(text)),
        sourceFile(name) {
          const content = named(name);
          return content && { content, executable: name.endsWith('.sh') };
        },
        sourceDirectory(name) {
          const paths = Object.keys(sources).filter((path) => path.startsWith(`${name}/`));
          const entries = paths.sort().map((path) => ({
            path: path.slice(name.length + 1),
            executable: path.endsWith('.sh'),
            content: keep(sources[path]!),
          }));
          return entries.length > 0 ? entries : undefined;
        },
        template: named,
        read,
        problem,
      };
    },
  };
}
