import { categorySource, type Flags, rangeSource, readClass, readEscape } from './characters.ts';
import { PatternReader } from './reader.ts';

interface Translation {
  /** For JavaScript's `v` mode and no other flag. */
  readonly source: string;
  /** JavaScript's number of each group; the first is the whole match. */
  readonly groups: readonly number[];
  readonly names: ReadonlyMap<string, number>;
  /** Groups that may hold something else than in Python when all is done. */
  readonly doubtful: ReadonlySet<number>;
  /** Whether it may match nothing where it could match more. */
  readonly prefersNothing: boolean;
  /** Whether it says in Python's way what it means for texts in ASCII only. */
  readonly isForAscii: boolean;
}

/** A piece of the translation; how many characters it matches. */
interface Part {
  readonly source: string;
  readonly least: number;
  readonly most: number;
  readonly prefersNothing: boolean;
}

/** A part that a repetition may follow, with what was known before it. */
interface Item extends Part {
  readonly kind: 'character' | 'anchor' | 'repeated' | 'group';
  readonly sureBefore: ReadonlySet<number>;
  readonly groupsBefore: number;
}

interface Repetition {
  readonly min: number;
  readonly max: number;
}

/** Beyond it Python has no number. */
const tooMany = 2 ** 32 - 1;
const identifier = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);
const boundary = (word: string): string => `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
// Python finds no place between two of a kind in an empty text.
const inside = (word: string): string => `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word})(?!^$))`;

/**
 * A pattern as Python 3.11 reads it, for JavaScript: case is spelled out, anchors and classes are Python's, and all groups are numbered
 * after `taken` others. Throws a PatternFault for what Python refuses, and for what JavaScript can only do in another way.
 */
export function translate(pattern: string, given: string, taken = 0): Translation {
  const reader: PatternReader = new PatternReader(pattern);
  const groups = [0];
  const names = new Map<string, number>();
  const widths: (readonly [least: number, most: number] | undefined)[] = [];
  const doubtful = new Set<number>();
  let made = taken;
  let isForAscii = false;
  let isUnicode = false;
  /** Groups that have matched wherever the reader is. */
  let sure: ReadonlySet<number> = new Set();
  /** How many groups there were when the outermost look-behind began. */
  let behind: number | undefined;
  /** JavaScript goes through a look-behind from its end. */
  let isBackward = false;
  let whole: Flags = { i: given.includes('i'), m: given.includes('m'), s: false, x: false, a: false };

  const readAlternatives = (flags: Flags, isWhole = false): Part => {
    const before = sure;
    const ends: ReadonlySet<number>[] = [];
    const parts: Part[] = [];
    do {
      sure = before;
      parts.push(readSequence(isWhole ? whole : flags, isWhole && parts.length === 0));
      ends.push(sure);
    } while (reader.accept('|'));
    sure = ends.reduce((all, end) => all.intersection(end));
    return {
      source: parts.map(({ source }) => source).join('|'),
      least: Math.min(...parts.map(({ least }) => least)),
      most: Math.max(...parts.map(({ most }) => most)),
      prefersNothing: parts.some(
        (part, index) => part.prefersNothing || (part.least === 0 && parts.slice(index + 1).some(({ most }) => most > 0)),
      ),
    };
  };

  const readSequence = (given: Flags, mayHaveFlags: boolean): Part => {
    let flags = given;
    const items: Item[] = [];
    for (let next = reader.next; next !== undefined && next !== '|' && next !== ')'; next = reader.next) {
      if (flags.x && reader.takeWhile(/[ \t\n\r\v\f]/) !== '') continue;
      if (flags.x && reader.accept('#')) {
        reader.takeWhile(/[^\n]/);
        continue;
      }
      const at = reader.index;
      const repetition = readRepetition();
      if (repetition) {
        items.push(repeat(items.pop(), repetition, at));
        continue;
      }
      const known = { sureBefore: sure, groupsBefore: groups.length };
      const item = readItem(flags, mayHaveFlags && items.length === 0);
      if (item) items.push({ ...item, ...known });
      else if (mayHaveFlags) flags = whole;
    }
    return {
      source: items.map(({ source }) => source).join(''),
      least: items.reduce((sum, { least }) => sum + least, 0),
      most: items.reduce((sum, { most }) => sum + most, 0),
      prefersNothing: items.every(({ least }) => least === 0) && items.some(({ prefersNothing }) => prefersNothing),
    };
  };

  /** Undefined, and nothing read, where none stands. */
  const readRepetition = (): Repetition | undefined => {
    const start = reader.index;
    if (reader.accept('?')) return { min: 0, max: 1 };
    if (reader.accept('*')) return { min: 0, max: Infinity };
    if (reader.accept('+')) return { min: 1, max: Infinity };
    if (!reader.accept('{')) return undefined;
    const low = reader.takeWhile(/[0-9]/);
    const isOpen = reader.accept(',');
    const high = isOpen ? reader.takeWhile(/[0-9]/) : low;
    if ((low === '' && !isOpen) || !reader.accept('}')) {
      reader.index = start;
      return undefined;
    }
    const [min, max] = [Number(low), high === '' ? Infinity : Number(high)];
    if (max < min || min >= tooMany || (high !== '' && max >= tooMany)) reader.fail('a repetition with bad numbers', start);
    return { min, max };
  };

  const repeat = (item: Item | undefined, { min, max }: Repetition, at: number): Item => {
    if (!item || item.kind === 'anchor') reader.fail('a repetition of nothing', at);
    if (item.kind === 'repeated') reader.fail('a repetition of a repetition', at);
    const how = reader.accept('?') ? 'lazy' : reader.accept('+') ? 'possessive' : 'greedy';
    const isEmptiable = item.least === 0;
    if (how === 'possessive' && item.kind !== 'character')
      reader.fail('a possessive repetition is provided for single characters only; write an atomic group "(?>...)"', at);
    if (how === 'greedy' && isEmptiable && item.prefersNothing && max > Math.max(min, 1))
      reader.fail('a repetition of what may match nothing where it could match more is not provided', at);
    const mayDiffer = (group: number): boolean => !sure.has(group) || (isEmptiable && max > min) || isBackward;
    if (max > 1) doubtSince(item.groupsBefore, mayDiffer);
    if (min === 0) sure = item.sureBefore;
    const most = times(item.most, max);
    const least = times(item.least, min);
    const body = `(?:${item.source})`;
    const counted = `${body}{${min},${max === Infinity ? '' : max}}`;
    let source = how === 'lazy' ? `${counted}?` : how === 'possessive' ? atomic(counted) : counted;
    // JavaScript skips a round that matches nothing, and what its groups have matched then.
    if (min === 0 && max === 1 && isEmptiable) source = how === 'lazy' ? `(?:|${item.source})` : `(?:${item.source}|)`;
    const prefersNothing = least === 0 && most > 0 && (how === 'lazy' || item.prefersNothing);
    return { ...item, kind: 'repeated', source, least, most, prefersNothing };
  };

  const doubtSince = (first: number, mayDiffer = (_group: number): boolean => true): void => {
    for (let group = first; group < groups.length; group++) if (mayDiffer(group)) doubtful.add(group);
  };

  /** A look-ahead is never entered again. In a look-behind, where all has one width, there is nothing to be had from entering. */
  const atomic = (source: string, number = isBackward ? undefined : ++made): string =>
    number === undefined ? `(?:${source})` : `(?:(?=(${source}))(?:\\${number}))`;

  const readItem = (flags: Flags, mayHaveFlags: boolean): (Part & Pick<Item, 'kind'>) | undefined => {
    const at = reader.index;
    const character = reader.take();
    const one = (inside: string) => single(/^\\u\{\w+\}$/.test(inside) ? inside : `[${inside}]`);
    if (character === '.') return single(flags.s ? '[^]' : String.raw`[^\n]`);
    if (character === '[') return single(readClass(reader, flags));
    if (character === '^') return anchor(flags.m ? String.raw`(?<![^\n])` : '^');
    if (character === '$') return anchor(flags.m ? String.raw`(?![^\n])` : String.raw`(?=\n?$)`);
    if (character === '(') return readGroup(flags, mayHaveFlags, at);
    if (character !== '\\') return one(rangeSource(character.codePointAt(0)!, character.codePointAt(0)!, flags));
    const escape = readEscape(reader, false);
    if ('code' in escape) return one(rangeSource(escape.code, escape.code, flags));
    if ('category' in escape) return one(categorySource(escape.category, flags));
    if ('group' in escape) return reference(escape.group, flags, at);
    if (escape.anchor === 'A') return anchor('^');
    if (escape.anchor === 'Z') return anchor('$');
    return anchor((escape.anchor === 'b' ? boundary : inside)(`[${categorySource('w', flags)}]`));
  };

  const single = (source: string) => ({ kind: 'character' as const, source, least: 1, most: 1, prefersNothing: false });
  const anchor = (source: string) => ({ kind: 'anchor' as const, source, least: 0, most: 0, prefersNothing: false });
  const group = (part: Part, source: string) => ({ ...part, kind: 'group' as const, source });

  const reference = (number: number, flags: Flags, at: number): Part & Pick<Item, 'kind'> => {
    if (number === 0 || number >= groups.length) reader.fail('a back-reference to no group', at);
    const width = widths[number] ?? reader.fail('a back-reference to a group that is still open', at);
    if (behind !== undefined && number >= behind) reader.fail('a back-reference to a group of the same look-behind', at);
    if (!sure.has(number)) reader.fail('a back-reference to a group that may not have matched is not provided', at);
    if (doubtful.has(number)) reader.fail('a back-reference to a group in a repetition that may skip it is not provided', at);
    isForAscii ||= flags.i;
    const source = `(?${flags.i ? 'i' : ''}:\\${groups[number]})`;
    return { kind: 'group', source, least: width[0], most: width[1], prefersNothing: false };
  };

  const close = <T>(part: T, start: number): T => (reader.accept(')') ? part : reader.fail('a group without an end', start));

  /** Undefined where there is nothing to match: a comment, or flags for the whole. */
  const readGroup = (flags: Flags, mayHaveFlags: boolean, start: number): (Part & Pick<Item, 'kind'>) | undefined => {
    if (!reader.accept('?')) return capture(undefined, flags, start);
    if (reader.accept('P<')) return capture(readName('>', start), flags, start);
    if (reader.accept('P=')) return reference(names.get(readName(')', start)) ?? groups.length, flags, start);
    if (reader.accept('#')) return void reader.takeUntil(')');
    if (reader.accept('=')) return look('(?=', flags, start);
    if (reader.accept('!')) return look('(?!', flags, start);
    if (reader.accept('<=')) return look('(?<=', flags, start);
    if (reader.accept('<!')) return look('(?<!', flags, start);
    if (reader.accept('(')) reader.fail('the conditional group "(?(...)" is not provided', start);
    if (reader.accept('>')) {
      const [number, before] = [isBackward ? undefined : ++made, groups.length];
      const part = close(readAlternatives(flags), start);
      if (isBackward) doubtSince(before);
      return group(part, atomic(part.source, number));
    }
    if (reader.accept(':')) return grouped(flags, start);
    const changed = readFlags(flags, start);
    if (reader.accept(':')) return grouped(changed, start);
    if (!reader.accept(')')) reader.fail('an unknown group', start);
    if (!mayHaveFlags) reader.fail('flags for the whole pattern that do not stand at its start', start);
    whole = changed;
    return undefined;
  };

  const grouped = (flags: Flags, start: number) => {
    const part = close(readAlternatives(flags), start);
    return group(part, `(?:${part.source})`);
  };

  const readName = (end: string, start: number): string => {
    const name = reader.takeUntil(end);
    return identifier.test(name) ? name : reader.fail('a bad name of a group', start);
  };

  const capture = (name: string | undefined, flags: Flags, start: number) => {
    if (name !== undefined && names.has(name)) reader.fail('a second group of the same name', start);
    const number = groups.push(++made) - 1;
    if (name !== undefined) names.set(name, number);
    const part = close(readAlternatives(flags), start);
    widths[number] = [part.least, part.most];
    sure = sure.union(new Set([number]));
    return group(part, `(${part.source})`);
  };

  const look = (opening: string, flags: Flags, start: number) => {
    const before = { sure, behind, isBackward, groups: groups.length };
    isBackward = opening.includes('<');
    if (isBackward) behind ??= before.groups;
    const part = close(readAlternatives(flags), start);
    if (isBackward && part.least !== part.most) reader.fail('a look-behind without a fixed width', start);
    ({ behind, isBackward } = before);
    if (opening.endsWith('!')) {
      ({ sure } = before);
      doubtSince(before.groups);
    }
    return { kind: 'group' as const, source: `${opening}${part.source})`, least: 0, most: 0, prefersNothing: false };
  };

  /** `i`, `-i`, `im-s`; what ends them is still to be read. */
  const readFlags = (flags: Flags, start: number): Flags => {
    const on = reader.takeWhile(/[aiLmsux]/);
    const off = reader.accept('-') ? reader.takeWhile(/[aiLmsux]/) : undefined;
    if (/[aLu]/.test(off ?? '') || off === '' || (off !== undefined && reader.next !== ':')) reader.fail('bad flags', start);
    if (on.includes('L') || (on.includes('a') && on.includes('u'))) reader.fail('flags that exclude each other', start);
    if (on === '' && off === undefined) reader.fail('an unknown group', start);
    if ([...on].some((letter) => off?.includes(letter))) reader.fail('a flag that is turned on and off', start);
    if (reader.next === ')') {
      isUnicode ||= on.includes('u');
      if (isUnicode && (flags.a || on.includes('a'))) reader.fail('flags that exclude each other', start);
    }
    const now = (letter: 'i' | 'm' | 's' | 'x'): boolean => (flags[letter] || on.includes(letter)) && !off?.includes(letter);
    return { i: now('i'), m: now('m'), s: now('s'), x: now('x'), a: (flags.a || on.includes('a')) && !on.includes('u') };
  };

  const { source, prefersNothing } = readAlternatives(whole, true);
  if (reader.next !== undefined) reader.fail('a ")" without a group');
  return { source: `(?:${source})`, groups, names, doubtful, prefersNothing, isForAscii };
}
