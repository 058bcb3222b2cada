import type * as z from 'zod';
import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import type { Address, ContentRef, Contents } from '../model/catalog.ts';
import type { Contact } from '../model/contact.ts';
import type { JsonObject } from '../model/json.ts';
import type { Change, Diff, PathMode, Preview } from '../model/plan.ts';
import type { ProblemCode } from '../model/problem.ts';
import type { ProviderSlot } from '../model/provider-slot.ts';
import type { Secret } from '../model/secret.ts';
import type { Leaves } from './leaf-value.ts';

/** What a `spec` is made with: zod, and the attributes that several kinds have. Handed over, since only compiling loads it. */
export type Vocabulary = typeof import('./attributes.ts');

/** What a `spec` lets through. */
export type AttributesOf<Spec extends (words: Vocabulary) => z.ZodType> = z.infer<ReturnType<Spec>>;

/** A reason not to apply anything, found while comparing. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string;
  /** The path where something of another type stands. There is nothing to refuse where that goes first. */
  readonly inTheWay?: AbsolutePath;
  /** The program or directory that is not there. There is nothing to refuse where an earlier step may bring it. */
  readonly missing?: string;
}

/** A file of the repository, as `prepare` finds it. */
export interface SourceEntry {
  /** Relative to the named directory. */
  readonly path: string;
  readonly executable: boolean;
  readonly content: ContentRef;
}

/** What `prepare` may ask of the compile stage. Every failure is a Problem at the attribute; the answer is then undefined. */
export interface PrepareContext {
  /** Makes bytes of a text known to the catalog. */
  text(content: string | Secret): ContentRef;
  /** A file under the role's `files/`, else `desired-state/files/`. */
  sourceFile(name: string, attribute: string): { readonly content: ContentRef; readonly executable: boolean } | undefined;
  /** All regular files under such a directory, sorted by path. */
  sourceDirectory(name: string, attribute: string): readonly SourceEntry[] | undefined;
  /** Renders a file under `templates/`. */
  template(name: string, attribute: string): ContentRef | undefined;
  /** The bytes of a content that this context made; for kinds that must look into it. */
  read(content: ContentRef): Buffer;
  /** Reports a Problem at one of the resource's attributes (`path`, `set.model.default`). The code is `wrong-type` unless given. */
  problem(attribute: string, message: string, hint?: string, code?: ProblemCode): void;
}

export interface SurveyContext {
  readonly host: HostReader;
  readonly signal: AbortSignal;
}

/** `Survey`: what the kind's `survey` found; undefined for kinds that have none. */
export interface InspectContext<Survey = undefined> {
  readonly host: HostReader;
  /** What was last applied, as `prepare` made it then; undefined when the resource was never applied here. */
  readonly last: object | undefined;
  /** Desired states of other resources that keep entries in the same file. */
  readonly beside?: readonly object[];
  readonly signal: AbortSignal;
  readonly survey: Survey;
}

export interface ApplyContext {
  readonly host: Host;
  readonly last: object | undefined;
  readonly contents: Contents;
  readonly signal: AbortSignal;
}

/** `unchanged`: everything stood as before, so that nobody need be told. `aside`: where the work of others is now, and what stays, in words. */
export type Restored = void | 'unchanged' | { readonly aside: readonly string[] };

/** A resource that failed after its `apply`, and why. */
export interface Failure {
  readonly address: Address;
  readonly message: string;
  /** As of a `PassingError`. */
  readonly isPassing?: boolean;
}

/** A resource whose changes were made. */
export interface Applied<Desired extends object> {
  readonly address: Address;
  readonly desired: Desired;
  readonly changes: readonly Change[];
}

/** What a change touches in a file that others write too. */
export interface TouchedEntries {
  readonly path: AbsolutePath;
  /** For the journal: no values, which may be secret. */
  readonly names: JsonObject;
  /** Mode or owner of the file are changed as well. */
  readonly isRestricted: boolean;
}

export interface Misfit {
  readonly message: string;
  readonly hint: string;
}

/**
 * All the engine knows about one kind. Methods, not function properties: their bivariance lets the registry avoid casts.
 * `Attributes` is what users write, `Desired` what `prepare` makes of it (JSON, with `Secret` leaves), `State` what stands
 * on the host (JSON).
 */
interface ResourceType<
  Attributes extends object,
  Desired extends object,
  State extends object,
  Undo extends object = JsonObject,
  Survey = undefined,
> {
  /** Word users write after `kind:`. */
  readonly kind: string;
  /** One sentence for help and the generated reference. */
  readonly summary: string;
  /** What users write: the only definition of types, validation and JSON Schema. Always `z.strictObject`. */
  spec(words: Vocabulary): z.ZodType<Attributes>;
  /** What makes two resources the same thing on one host; duplicates are a Problem. */
  identify(attributes: Attributes): string;
  /** Pure but for the context: resolves sources, templates, defaults. Undefined when a Problem was reported. */
  prepare(attributes: Attributes, context: PrepareContext): Desired | undefined;
  inspect(desired: Desired, context: InspectContext<Survey>): State | Promise<State>;
  /** Pure. Must be `none` right after a successful `apply`. */
  diff(desired: Desired, actual: State): Diff;
  /** Makes exactly these changes. Safe to run again after a crash half-way. */
  apply(desired: Desired, changes: readonly Change[], context: ApplyContext): void | Promise<void>;

  // Abilities. Absent means "cannot", and the plan says so.

  // — What of the host it looks at, and what is its own.
  /**
   * One look at the host for all resources of the kind, once before they are inspected and once more to verify: whoever must
   * ask a program asks it here, never once per resource. `inspect` and `capture` find the result as `context.survey`.
   */
  survey?(all: readonly Desired[], context: SurveyContext): Survey | Promise<Survey>;
  /** Every path whose state belongs to the resource: the engine stats them for a converged run and watches them. Absent or undefined: always inspected. */
  watches?(desired: Desired): readonly AbsolutePath[] | undefined;
  /** Paths that belong to this resource alone: another resource on one of them is a Problem. */
  owns?(desired: Desired): readonly AbsolutePath[];
  /**
   * A change of it to null removes the path that it touches, a file, a link or a directory that is empty by then, and nothing of what
   * it knows is at that path once something of another type stands there: so others can have the name in the same run.
   */
  readonly makesWay?: true;
  /** Its paths are not its alone, as other resources keep entries in them too: it claims none. */
  readonly shared?: true;
  // — What it changes, and how that is taken back.
  /**
   * Paths that `apply` may create, replace or remove for these changes. The engine saves them before and restores them on
   * rollback. The host tells whether a file or a live program is in charge of them.
   */
  touches?(desired: Desired, changes: readonly Change[], host: HostReader): readonly AbsolutePath[];
  /** For a file that others write too: what a rollback takes back by itself where they have written since. */
  readonly entries?: {
    of(desired: Desired, changes: readonly Change[]): TouchedEntries;
    /** `onto`, with these entries as they stand in `from`. Pure; carried from what `apply` made to what stood before, it makes the same text. Throws where a text cannot be read. */
    carry(names: JsonObject, from: Buffer, onto: Buffer): Buffer;
  };
  /** What is made once, for others to go on with: a rollback by hand leaves what they have made of it. */
  readonly handsOver?: {
    /** For the journal, what it is known by; undefined for what stays the resource's own. */
    of(desired: Desired): JsonObject | undefined;
    /** Of paths at which nothing stood before the run: the one with something of others in it. All of them stay then. */
    othersNow(made: JsonObject, paths: readonly AbsolutePath[], host: HostReader): AbsolutePath | undefined;
  };
  /**
   * Paths that `apply` lets a program write, which the engine does not restore; policy judges them like the others. With a host, also
   * what goes with a directory.
   */
  writes?(desired: Desired, changes: readonly Change[], host?: HostReader): readonly AbsolutePath[];
  /** Undo of effects that are not paths. Journalled before `apply` starts; must not need `apply` to have finished, nor to have started. */
  readonly undo?: {
    capture(desired: Desired, context: InspectContext<Survey>): Undo | Promise<Undo>;
    restore(undo: Undo, context: ApplyContext): Restored | Promise<Restored>;
    /** What `restore` puts back is kept by programs outside, and is no file: where they cannot, the rollback may end without it (0086). */
    readonly outside?: true;
    /** Once per rollback, when every file stands under its old name again: what a program must be told then. Outside. */
    resume?(undos: readonly Undo[], context: ApplyContext): void | Promise<void>;
  };
  // — What is shown.
  /**
   * Bytes before and after, for text diffs, one by one: whoever shows them stops when there is too much. Only called when
   * `diff` found something.
   */
  preview?(
    desired: Desired,
    changes: readonly Change[],
    context: { readonly host: HostReader; readonly contents: Contents },
  ): Iterable<Preview>;
  // — What programs are told once its files stand.
  /** Runs when a resource that notifies this one has changed (reload, restart). */
  refresh?(desired: Desired, context: ApplyContext): void | Promise<void>;
  /** Whether a changed resource must be refreshed itself: a running program goes on with what it read when it was started. */
  refreshesItself?(desired: Desired, changes: readonly Change[]): boolean;
  /**
   * Once per batch, when everything of it stands under its name: what a program must be told only then (load units again,
   * start them). Safe to run again after a crash. The first failure fails the run.
   */
  activate?(done: readonly Applied<Desired>[], context: ApplyContext): readonly Failure[] | Promise<readonly Failure[]>;
  /** Once before verification: waits until what `activate` and `refresh` started has proved that it stays. */
  settle?(context: ApplyContext): readonly Failure[] | Promise<readonly Failure[]>;
  // — Its place among the others.
  /** Keeps its place relative to everything declared before it in the same assignment (`command`, `package`, `service`, `timer`). */
  readonly ordered?: true;
  /** Addresses needed first if the catalog has them, beyond the user's `after:`. Parent directories are found by the engine. */
  requires?(desired: Desired): readonly Address[];
  /** Addresses that wait for it if the catalog has them: what can only go while they are there. */
  precedes?(desired: Desired): readonly Address[];
  /** What it says that cannot be beside a resource that it requires, with the way out; undefined where both can be had. */
  misfit?(desired: Desired, required: { readonly kind: string; readonly desired: object }): Misfit | undefined;
  // — Contents that it keeps in a way of its own.
  /** Its contents, for a kind that keeps them otherwise than as a `ContentRef`. */
  contents?(desired: Desired): Iterable<ContentRef>;
  /** The same with other contents in the place of some, for such a kind. By SHA-256. */
  withContents?(desired: Desired, now: (sha256: string) => ContentRef | undefined): Desired;
  // — How it goes.
  /** What "gone" looks like, so that what git dropped is pruned by the same diff and apply. Undefined: it is only forgotten. */
  absent?(desired: Desired): Desired | undefined;
  /**
   * Of a kind whose things packages and people make too, in place of `absent`: what stood before this program first wanted it is
   * left alone when it leaves git.
   */
  readonly parts?: {
    /** Names of what stands or not, each by itself. Two resources of the kind that name the same part mean the same. */
    of(desired: Desired): readonly string[];
    /** Those of all of these that stand now. */
    standing(all: readonly Desired[], host: HostReader, signal: AbortSignal): readonly string[] | Promise<readonly string[]>;
    /** What "gone" looks like when these parts were made here; undefined when nothing is to go. */
    pruned(desired: Desired, made: readonly string[]): Desired | undefined;
  };
  // — What this host cannot have of it.
  /** Why this host cannot have it (`needs a live host`), or undefined. The step is then held, not failed. */
  unsupported?(desired: Desired, host: HostReader): string | undefined;
  /** What of it no path tells (a unit that runs): the resource is inspected in each run, also when no watched path has moved. */
  asks?(desired: Desired, host: HostReader): boolean;
  /** What of it is left out where nothing is run (`--root`), and why; the rest is converged. */
  leavesOut?(desired: Desired): string | undefined;
  /** What of it a live host cannot have, and why; the rest is converged. */
  lacks?(desired: Desired, actual: State): string | undefined;
  // — What policy judges.
  /**
   * Why policy must refuse these changes (a large shrink, a live file that cannot be parsed): what is left of its diff. One refusal
   * stops the whole run.
   */
  refuses?(desired: Desired, actual: State, changes: readonly Change[]): readonly Refusal[];
  /** A file in which foreign content stays after `apply`: policy looks for banned providers in what it will hold. */
  sharedFile?(desired: Desired): AbsolutePath | undefined;
  /** The language models that it makes an agent use, in order of preference, for policy. Empty for one that is being removed. */
  chain?(desired: Desired): readonly ProviderSlot[];
  /** Keys that it sets in a file that others also write, for policy. */
  keys?(desired: Desired): Leaves;
  /** Programs that `apply` runs, for the host policy. */
  commands?(desired: Desired): readonly string[];
  /** Units that it changes, starts or stops, for the host policy. */
  units?(desired: Desired): readonly string[];
  /** Permission bits of what these changes make, for the host policy. */
  modes?(desired: Desired, changes: readonly Change[]): readonly PathMode[];
  /** Packages that these changes install, replace or remove, for the host policy. */
  packages?(desired: Desired, changes: readonly Change[]): readonly { readonly name: string; readonly isRemoved: boolean }[];
  /** Hosts that `apply` fetches from, for the host policy. */
  contacts?(desired: Desired): readonly Contact[];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one place where kinds of every shape meet
export type AnyResourceType = ResourceType<any, any, any, any, any>;

/** Infers the types from `spec`, `prepare` and `inspect`: authors write no type twice. */
export const defineResourceType = <
  A extends object,
  D extends object,
  S extends object,
  U extends object = JsonObject,
  V = undefined,
>(
  type: ResourceType<A, D, S, U, V>,
): ResourceType<A, D, S, U, V> => type;
