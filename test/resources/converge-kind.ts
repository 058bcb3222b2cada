import { openLocalHost } from '../../src/host/local-host.ts';
import { noContents, type Contents, type ContentRef } from '../../src/model/catalog.ts';
import { sha256 } from '../../src/model/json.ts';
import type { Diff } from '../../src/model/plan.ts';
import { Secret } from '../../src/model/secret.ts';
import type { AnyResourceType, PrepareContext } from '../../src/resources/resource-type.ts';

export const signal = new AbortController().signal;

const known = new Map<string, Buffer>();
const remember = (bytes: Buffer): ContentRef => {
  const digest = sha256(bytes);
  known.set(digest, bytes);
  return { sha256: digest, size: bytes.length };
};
export const contents: Contents = {
  ...noContents,
  read: ({ sha256: digest }) => known.get(digest) ?? Buffer.alloc(0),
};

/** What compile does with one resource: `attribute: message; hint` for every problem, else the desired state. */
export function prepare(
  type: AnyResourceType,
  attributes: object,
  sources: Readonly<Record<string, string>> = {},
): { readonly desired?: any; readonly id?: string; readonly problems: readonly string[] } {
  const parsed = type.spec.safeParse(attributes);
  if (!parsed.success) return { problems: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) };
  const problems: string[] = [];
  const context: PrepareContext = {
    text: (content) => remember(Buffer.from(content instanceof Secret ? content.reveal() : content)),
    sourceFile(name) {
      const text = sources[name];
      return text === undefined ? undefined : { content: remember(Buffer.from(text)), executable: false };
    },
    sourceDirectory: () => undefined,
    template: () => undefined,
    read: (ref) => contents.read(ref),
    problem: (attribute, message, hint) => void problems.push(`${attribute}: ${message}${hint ? `; ${hint}` : ''}`),
  };
  const desired = type.prepare(parsed.data, context);
  return problems.length > 0 ? { problems } : { desired, id: type.identify(parsed.data), problems };
}

export interface Converged {
  readonly diff: Diff;
  /** After apply. */
  readonly again: Diff;
  /** Undoes what apply did. */
  readonly undo: () => Promise<void>;
}

/** One resource through inspect, diff, capture, apply, commit and verify; without a root on this machine itself. */
export async function convergeDesired(type: AnyResourceType, desired: object, root?: string): Promise<Converged> {
  const open = () => openLocalHost(root === undefined ? {} : { root });
  const host = open();
  const context = { host, last: undefined, contents, signal };
  const diff = type.diff(desired, await type.inspect(desired, context));
  const saved = diff.action === 'none' ? undefined : await type.undo?.capture(desired, context);
  if (diff.action !== 'none') await type.apply(desired, diff.changes, context);
  await host.commit(signal);
  host.close();
  const reader = open();
  const again = type.diff(desired, await type.inspect(desired, { ...context, host: reader }));
  reader.close();
  const undo = async (): Promise<void> => {
    const undoing = open();
    if (saved) await type.undo?.restore(structuredClone(saved), { ...context, host: undoing });
    await undoing.commit(signal);
    undoing.close();
  };
  return { diff, again, undo };
}

export function converge(type: AnyResourceType, attributes: object, root?: string): Promise<Converged> {
  const { desired, problems } = prepare(type, attributes);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return convergeDesired(type, desired, root);
}
