import { canonicalJson, isObject, type Json, type JsonObject } from '../../model/json.ts';
import {
  formatPath,
  isPrefix,
  leavesOf,
  openText,
  readText,
  replaceAll,
  valueAt,
  type Format,
  type LeafPath,
  type OpenText,
  type Stretch,
} from './format.ts';

interface Edit {
  readonly set: readonly (readonly [LeafPath, Json])[];
  readonly unset: readonly LeafPath[];
}

/** One leaf that gets a value, or goes. */
interface Step {
  readonly path: LeafPath;
  readonly value?: Json;
}

/**
 * The text with the edit made, proved by reading it back: set leaves have their values, unset ones are gone, all others are
 * as they were. Throws when that cannot be reached. What already holds is left alone, byte for byte.
 */
export function editText(format: Format, text: string, edit: Edit): string {
  const before = readText(format, text);
  const set = edit.set.filter(([path, value]) => !isEqual(valueAt(before, path), value));
  const unset = edit.unset.filter((path) => valueAt(before, path) !== undefined);
  if (set.length === 0 && unset.length === 0) return text;
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const steps = [unset.map((path) => ({ path })), set.map(([path, value]) => ({ path, value }))];
  const make = (atOnce: number): string => {
    const edited = steps.reduce((made, phase) => takeSteps(format, made, phase, atOnce), text.slice(mark.length));
    prove(format, edited, before, { set, unset });
    return mark + edited;
  };
  try {
    return make(Infinity);
  } catch {
    // They do touch each other, or cannot be made at all: what is wrong is said of one after the other.
    return make(1);
  }
}

/** One step after another, as many with one parse as do not touch each other: to parse is what takes long. */
function takeSteps(format: Format, text: string, steps: readonly Step[], atOnce: number): string {
  for (let left = steps; left.length > 0;) {
    const { stretches, later } = takeRound(openText(format, text), left, atOnce);
    text = replaceAll(text, stretches);
    left = later;
  }
  return text;
}

/** What the first of the steps does, and those that do the same now as after all before them. */
function takeRound(
  open: OpenText,
  steps: readonly Step[],
  atOnce: number,
): { readonly stretches: readonly Stretch[]; readonly later: readonly Step[] } {
  const membersAt = countMembers(open.tree);
  const taken = new Set<string>();
  const above = new Set<string>();
  const parents = new Set<string>();
  const members = new Map<string, number>();
  /** Mappings to which a step that waits adds more than a key beside others, so that what comes after it stands after it. */
  const waiting = new Set<string>();
  /** One that waits makes a mapping, so that others that do come after it. */
  let isMappingDue = false;
  const stretches: Stretch[] = [];
  const later: Step[] = [];
  for (const step of steps) {
    const isSet = step.value !== undefined;
    const place = isSet ? additionOf(membersAt, step.path) : removalOf(membersAt, step.path);
    const name = formatPath(place);
    const prefixes = place.map((_key, i) => formatPath(place.slice(0, i)));
    const holder = prefixes.at(-1) ?? '';
    const parent = formatPath(step.path.slice(0, -1));
    const rest = (members.get(holder) ?? membersAt(place.slice(0, -1))) - 1;
    const isApart = !taken.has(name) && !above.has(name) && !prefixes.some((prefix) => taken.has(prefix));
    // The last member of a mapping takes that with it.
    const isThere = valueAt(open.tree, step.path) !== undefined;
    const isAddable = !waiting.has(holder) && !(isMappingDue && place.length < step.path.length);
    const isFree = isApart && (isSet ? isThere || isAddable : rest > 0);
    const isNext = taken.size === 0 || (isFree && taken.size < atOnce);
    const own = isNext ? stretchesOf(open, step) : [];
    if (!isNext || own.some((one) => stretches.some((other) => areInTheWay(one, other)))) {
      // One that is there may leave fewer lines, after the last of which the next is added.
      if (!parents.has(parent) || isThere) waiting.add(holder);
      isMappingDue ||= !parents.has(parent) && !isThere;
      later.push(step);
      continue;
    }
    taken.add(name);
    for (const prefix of prefixes) above.add(prefix);
    parents.add(parent);
    if (!isSet) members.set(holder, rest);
    stretches.push(...own);
  }
  stretches.sort((a, b) => a.start - b.start || a.end - b.end || (b.depth ?? 0) - (a.depth ?? 0));
  return { stretches, later };
}

const stretchesOf = (open: OpenText, { path, value }: Step): readonly Stretch[] =>
  value === undefined ? open.unset(path) : open.set(path, value);

/** What is removed at the end of a text may take the line break before it along. */
const areInTheWay = (a: Stretch, b: Stretch): boolean =>
  (a.start < b.end && b.start < a.end) || (a.end === b.end && (isRemoval(a) || isRemoval(b)));

const isRemoval = ({ start, end, by }: Stretch): boolean => start < end && by === '';

/** The outermost key that an addition writes: a mapping without keys is written anew. */
function additionOf(membersAt: MembersAt, path: LeafPath): LeafPath {
  const depth = path.findIndex((_key, i) => membersAt(path.slice(0, i)) === 0);
  return depth === -1 ? path : path.slice(0, depth);
}

/** The outermost key that goes with the last one below it. */
function removalOf(membersAt: MembersAt, path: LeafPath): LeafPath {
  const depth = path.findLastIndex((_key, i) => membersAt(path.slice(0, i)) > 1);
  return path.slice(0, Math.max(0, depth) + 1);
}

type MembersAt = (path: LeafPath) => number;

/** How many members the mapping at a path has; counted once, as large ones are asked about for each step. */
function countMembers(tree: JsonObject): MembersAt {
  const counts = new Map<Json, number>();
  return (path) => {
    const value = valueAt(tree, path);
    if (!isObject(value)) return 0;
    const count = counts.get(value) ?? Object.keys(value).length;
    counts.set(value, count);
    return count;
  };
}

const isEqual = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : canonicalJson(a) === canonicalJson(b);

function prove(format: Format, edited: string, before: JsonObject, edit: Edit): void {
  let after: JsonObject;
  try {
    after = readText(format, edited);
  } catch (error) {
    throw new Error(`the edited text would not be readable: ${(error as Error).message}`, { cause: error });
  }
  for (const [path, value] of edit.set) {
    if (!isEqual(valueAt(after, path), value)) throw new Error(`${formatPath(path)} cannot be given its value in this text`);
  }
  for (const path of edit.unset) {
    const isSetBelow = edit.set.some(([other]) => isPrefix(path, other));
    if (!isSetBelow && valueAt(after, path) !== undefined)
      throw new Error(`${formatPath(path)} cannot be removed from this text`);
  }
  const foreign = foreignLeaves(before, edit);
  const left = foreignLeaves(after, edit);
  for (const name of new Set([...foreign.keys(), ...left.keys()])) {
    if (foreign.get(name) !== left.get(name)) throw new Error(`${name} would change too, although nobody asked for it`);
  }
}

/** Leaves that are neither edited, nor below an edited path, nor a value that stood where an edited path needs a mapping. */
function foreignLeaves(tree: JsonObject, edit: Edit): ReadonlyMap<string, string> {
  const edited = new Set<string>();
  const above = new Set<string>();
  for (const path of [...edit.set.map(([path]) => path), ...edit.unset]) {
    edited.add(formatPath(path));
    for (let depth = 1; depth < path.length; depth++) above.add(formatPath(path.slice(0, depth)));
  }
  const leaves = new Map<string, string>();
  for (const [path, value] of leavesOf(tree)) {
    const name = formatPath(path);
    const isWithin = path.some((_key, i) => edited.has(formatPath(path.slice(0, i + 1))));
    if (!isWithin && !above.has(name)) leaves.set(name, canonicalJson(value));
  }
  return leaves;
}
