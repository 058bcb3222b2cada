import { openLocalHost } from '../../src/host/local-host.ts';
import type { Diff } from '../../src/model/plan.ts';
import type { AnyResourceType, Restored } from '../../src/resources/resource-type.ts';
import { specOf } from '../../src/resources/spec-of.ts';
import { openContentMemory, type Sources } from '../support/content-memory.ts';

export const signal = new AbortController().signal;

const memory = openContentMemory();
export const { contents } = memory;

/** What compile does with one resource: `attribute: message; hint` for every problem, else the desired state. */
export function prepare(
  type: AnyResourceType,
  attributes: object,
  sources: Sources = {},
): { readonly desired?: any; readonly id?: string; readonly problems: readonly string[] } {
  const parsed = specOf(type).safeParse(attributes);
  if (!parsed.success) return { problems: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) };
  const problems: string[] = [];
  const context = memory.prepareContext(sources, (attribute, message, hint) => {
    problems.push(`${attribute}: ${message}${hint ? `; ${hint}` : ''}`);
  });
  const desired = type.prepare(parsed.data, context);
  return problems.length > 0 ? { problems } : { desired, id: type.identify(parsed.data), problems };
}

interface Converged {
  readonly diff: Diff;
  /** After apply. */
  readonly again: Diff;
  /** Undoes what apply did. */
  readonly undo: () => Promise<Restored>;
}

/** One resource through inspect, diff, capture, apply, commit and verify; without a root on this machine itself. */
export async function convergeDesired(type: AnyResourceType, desired: object, root?: string): Promise<Converged> {
  const open = () => openLocalHost(root === undefined ? {} : { root });
  const host = open();
  const survey = await type.survey?.([desired], { host, signal });
  const context = { host, last: undefined, contents, signal, survey };
  const diff = type.diff(desired, await type.inspect(desired, context));
  const saved = diff.action === 'none' ? undefined : await type.undo?.capture(desired, context);
  if (diff.action !== 'none') await type.apply(desired, diff.changes, context);
  await host.commit(signal);
  host.close();
  const reader = open();
  const later = { ...context, host: reader, survey: await type.survey?.([desired], { host: reader, signal }) };
  const again = type.diff(desired, await type.inspect(desired, later));
  reader.close();
  const undo = async (): Promise<Restored> => {
    const undoing = open();
    const restored = saved && (await type.undo?.restore(structuredClone(saved), { ...context, host: undoing }));
    await undoing.commit(signal);
    undoing.close();
    return restored;
  };
  return { diff, again, undo };
}

export function converge(type: AnyResourceType, attributes: object, root?: string): Promise<Converged> {
  const { desired, problems } = prepare(type, attributes);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return convergeDesired(type, desired, root);
}
