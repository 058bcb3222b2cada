import type { LocalHost } from '../host/local-host.ts';
import { PathError } from '../host/path-error.ts';
import type { Address, Contents } from '../model/catalog.ts';
import type { Event } from '../model/event.ts';
import type { JsonObject } from '../model/json.ts';
import type { LastApplied } from '../model/last-applied.ts';
import { makeFailure } from '../model/passing-error.ts';
import { changesOf, isDone, type Plan, type Step } from '../model/plan.ts';
import type { AnyResourceType, ApplyContext, Failure } from '../resources/resource-type.ts';
import type { State } from '../state/state.ts';
import { capturePaths } from './undo.ts';

export interface ApplyDeps {
  readonly run: string;
  readonly host: LocalHost;
  readonly state: State;
  readonly contents: Contents;
  readonly ledger: ReadonlyMap<Address, LastApplied>;
  readonly types: (kind: string) => AnyResourceType;
  readonly emit: (event: Event) => void;
}

/** What stood right before a resource was changed that has `parts` of which the ledger does not know. */
export type Stood = ReadonlyMap<Address, readonly string[]>;

/** Which resource failed, for the report. */
export class ApplyError extends Error {
  readonly address: Address;

  constructor(address: Address, cause: unknown) {
    super((cause as Error).message, { cause });
    this.address = address;
  }
}

/**
 * Makes the changes of a plan, batch by batch: undo data and owed refreshes become durable, then the batch is staged, made
 * durable and renamed. Throws at the first failure; the caller rolls back from the journal. `captured`: paths of which this run has
 * undo data.
 */
export async function applyPlan(plan: Plan, deps: ApplyDeps, signal: AbortSignal, captured: Set<string>): Promise<Stood> {
  const total = plan.steps.filter(isDone).length;
  const stood = new Map<Address, readonly string[]>();
  let done = 0;
  for (const batch of plan.batches) {
    const steps = batch.map((index) => plan.steps[index] as Step).filter(isDone);
    if (steps.length === 0) continue;
    signal.throwIfAborted();
    await journalIntent(steps, deps, captured, signal);
    await lookWhatStands(steps, deps, stood, signal);
    for (const step of steps) {
      signal.throwIfAborted();
      deps.emit({ type: 'applying', run: deps.run, address: step.address, done: done++, total });
      await attempt(step.address, () => applyStep(step, deps, signal));
    }
    try {
      await deps.host.commit(signal);
    } catch (error) {
      throw new ApplyError(concerned(error, steps, deps).address, error);
    }
    await activate(steps, deps, signal);
  }
  return stood;
}

/** Not as it was planned: a package of this run may have made the account that it needs. Of what the ledger knows nobody asks. */
async function lookWhatStands(
  steps: readonly Step[],
  { types, host, ledger }: ApplyDeps,
  stood: Map<Address, readonly string[]>,
  signal: AbortSignal,
): Promise<void> {
  for (const [kind, own] of Map.groupBy(steps, ({ resource }) => resource.kind)) {
    const { parts } = types(kind);
    if (!parts) continue;
    const isKnown = ({ address, resource: { desired } }: Step): boolean => {
      const last = ledger.get(address);
      const known = last ? parts.of(last.desired) : [];
      return parts.of(desired).every((part) => known.includes(part));
    };
    const [first, ...others] = own.filter((step) => !isKnown(step));
    if (!first) continue;
    const asked = [first, ...others];
    const found = await attempt(first.address, () =>
      parts.standing(
        asked.map(({ resource }) => resource.desired),
        host,
        signal,
      ),
    );
    for (const { address } of asked) stood.set(address, found);
  }
}

/** What the kinds do once the batch stands, each for all of its resources at once. */
async function activate(steps: readonly Step[], deps: ApplyDeps, signal: AbortSignal): Promise<void> {
  for (const [kind, own] of Map.groupBy(steps, ({ resource }) => resource.kind)) {
    const type = deps.types(kind);
    if (!type.activate) continue;
    signal.throwIfAborted();
    const done = own.map(({ address, resource: { desired }, diff }) => ({ address, desired, changes: changesOf(diff) }));
    const { address } = own[0]!;
    throwFirst(await attempt(address, () => type.activate!(done, applyContext(address, deps, signal))));
    await deps.host.commit(signal);
  }
}

/** Waits for what was started to prove that it stays. */
export async function settleKinds(kinds: Iterable<string>, deps: ApplyDeps, signal: AbortSignal): Promise<void> {
  for (const kind of kinds) throwFirst((await deps.types(kind).settle?.(applyContext(kind, deps, signal))) ?? []);
}

function throwFirst(failures: readonly Failure[]): void {
  const [first] = failures;
  if (!first) return;
  const isPassing = failures.every((failure) => failure.isPassing === true);
  throw new ApplyError(first.address, makeFailure(failures.map(({ message }) => message).join('; '), isPassing));
}

/** The step that a failure of the whole group is about. */
function concerned(error: unknown, steps: readonly Step[], { types, host }: ApplyDeps): Step {
  const touches = ({ resource: { kind, desired }, diff }: Step): readonly string[] =>
    types(kind).touches?.(desired, changesOf(diff), host) ?? [];
  const found = error instanceof PathError && steps.find((step) => touches(step).includes(error.path));
  return found || (steps.at(-1) as Step);
}

/** Everything the batch needs to be taken back, and every refresh that it will owe, in one durable transaction. */
async function journalIntent(steps: readonly Step[], deps: ApplyDeps, captured: Set<string>, signal: AbortSignal): Promise<void> {
  const { run, host, state, types } = deps;
  const kindUndos: { address: Address; entry: JsonObject }[] = [];
  const surveys = new Map<string, unknown>();
  for (const { address, resource } of steps) {
    const type = types(resource.kind);
    const { undo } = type;
    if (!undo) continue;
    if (type.survey && !surveys.has(type.kind)) {
      const all = steps.filter((step) => step.resource.kind === type.kind).map((step) => step.resource.desired);
      surveys.set(type.kind, await attempt(address, () => type.survey!(all, { host, signal })));
    }
    const captureContext = { host, last: deps.ledger.get(address)?.desired, signal, survey: surveys.get(type.kind) };
    const made = (await attempt(address, async () => undo.capture(resource.desired, captureContext))) as JsonObject;
    kindUndos.push({ address, entry: { kind: resource.kind, undo: made } });
  }
  state.transaction(() => {
    for (const { address, resource, diff, refreshes } of steps) {
      const { kind, touches, entries, handsOver } = types(resource.kind);
      const changes = changesOf(diff);
      const touched = touches?.(resource.desired, changes, host) ?? [];
      const { paths } = capturePaths(touched, host, { run, journal: state.journal }, captured);
      const shared = entries && { kind, shared: { ...entries.of(resource.desired, changes) } };
      const made = handsOver?.of(resource.desired);
      const entry = { paths, ...shared, ...(made && { kind, made }) };
      if (paths.length > 0 || shared) state.journal.addUndo(run, { address, entry });
      for (const owed of refreshes) state.journal.owe({ address: owed, run, because: address });
    }
    for (const { address, entry } of kindUndos) state.journal.addUndo(run, { address, entry });
  });
}

async function applyStep({ address, resource, diff }: Step, deps: ApplyDeps, signal: AbortSignal): Promise<void> {
  if (diff.action === 'none') return;
  await deps.types(resource.kind).apply(resource.desired, diff.changes, applyContext(address, deps, signal));
}

/** What a kind may use to change a resource; `address` also of one that is only refreshed. */
export function applyContext(address: Address, { host, contents, ledger }: ApplyDeps, signal: AbortSignal): ApplyContext {
  return { host, contents, signal, last: ledger.get(address)?.desired };
}

async function attempt<T>(address: Address, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof ApplyError ? error : new ApplyError(address, error);
  }
}
