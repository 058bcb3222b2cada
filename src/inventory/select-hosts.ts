import type { WithProblems } from '../model/located.ts';
import { didYouMean } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';
import type { TimeBudget } from '../model/time-limit.ts';
import { hostsInGroup } from './group-hosts.ts';
import { isAddress } from './host-key.ts';
import type { Inventory } from './inventory.ts';
import { compileGlob } from './match-glob.ts';
import { matchRegex } from './match-regex.ts';

/** Hosts in Ansible's order. Problems have no position: the caller knows where the pattern stands. */
interface SelectedHosts extends WithProblems {
  readonly hosts: readonly string[];
}

const maxLength = 10_000;
const maxTerms = 200;
const withSubscript = /^(.+)\[(?:(-?\d{1,9})|(\d{1,9})[:-](\d{0,9}))\]$/;
const specials = ['.', '?', '*', '['];

/** Compiling every host of a large inventory asks for the same patterns each time. */
const answers = new WeakMap<Inventory, Map<string, SelectedHosts>>();
/** Milliseconds for the regular expressions of all patterns together; hundreds of times what a fleet needs. */
const longestTotal = 5_000;
const budgets = new WeakMap<Inventory, TimeBudget>();

/**
 * Evaluates an Ansible host pattern: terms separated by `,` or, without a comma, by `:`; plain terms are united, then `&`
 * terms intersect, then `!` terms exclude, whatever the order in which they stand. A term is a name, a glob, `~regex`, and,
 * unless it is a regex, may end in a slice (`[0]`, `[-1]`, `[1:]`, `[0:1]`, end included). A glob that matches nothing is
 * fine; a name that nobody has is a problem.
 */
export function selectHosts(inventory: Inventory, pattern: string): SelectedHosts {
  const known = answers.get(inventory) ?? new Map<string, SelectedHosts>();
  answers.set(inventory, known);
  const answer = known.get(pattern) ?? evaluate(inventory, pattern);
  known.set(pattern, answer);
  return answer;
}

function evaluate(inventory: Inventory, pattern: string): SelectedHosts {
  const problems: Problem[] = [];
  const bad = (message: string): readonly string[] => {
    problems.push({ code: 'bad-pattern', message });
    return [];
  };
  if (pattern.length > maxLength) return { hosts: bad(`a host pattern of more than ${maxLength} characters`), problems };
  const terms = splitPattern(pattern);
  if (terms.length === 0) return { hosts: bad('an empty host pattern; "all" selects every host'), problems };
  if (terms.length > maxTerms) return { hosts: bad(`a host pattern of more than ${maxTerms} terms`), problems };

  const resolve = (term: string): readonly string[] => {
    const found = matchTerm(inventory, term);
    if (Array.isArray(found)) return found as readonly string[];
    problems.push(found as Problem);
    return [];
  };
  const known = new Set(inventory.hosts);
  const plain = terms.filter((term) => !/^[!&]/.test(term));
  const selected = new Set<string>();
  for (const term of plain.length > 0 ? plain : ['all']) {
    for (const host of known.has(term) ? [term] : resolve(term)) selected.add(host);
  }
  const narrow = (sign: '&' | '!'): void => {
    for (const term of terms.filter((other) => other.startsWith(sign))) {
      const others = new Set(resolve(term.slice(1)));
      for (const host of selected) if (others.has(host) !== (sign === '&')) selected.delete(host);
    }
  };
  narrow('&');
  narrow('!');
  return { hosts: [...selected], problems };
}

function splitPattern(pattern: string): readonly string[] {
  const terms = pattern.includes(',') ? pattern.split(',') : isAddress(pattern) ? [pattern] : splitAtColons(pattern);
  return terms.map((term) => term.trim()).filter((term) => term !== '');
}

/** At colons and spaces outside brackets. */
function splitAtColons(pattern: string): readonly string[] {
  const terms: string[] = [''];
  let isInside = false;
  for (const character of pattern) {
    if (character === '[') isInside = true;
    else if (character === ']') isInside = false;
    if (!isInside && /[\s:]/.test(character)) terms.push('');
    else terms[terms.length - 1] += character;
  }
  return terms;
}

function matchTerm(inventory: Inventory, term: string): readonly string[] | Problem {
  if (term === '') return { code: 'bad-pattern', message: 'a host pattern with "!" or "&" and nothing behind it' };
  if (term.startsWith('~')) return matchNames(inventory, term, (names) => matchRegex(term.slice(1), names, budgetOf(inventory)));
  const [, base, index, begin, end] = withSubscript.exec(term) ?? [];
  const name = base ?? term;
  const matches = compileGlob(name);
  if (!matches) return { code: 'bad-pattern', message: `the host pattern "${shorten(term)}" has a "[" without "]"` };
  const hosts = matchNames(inventory, name, (names) => names.filter(matches));
  if (!Array.isArray(hosts) || base === undefined || hosts.length === 0) return hosts;
  return slice(hosts as readonly string[], term, { index, begin, end });
}

function budgetOf(inventory: Inventory): TimeBudget {
  const budget = budgets.get(inventory) ?? { left: longestTotal };
  budgets.set(inventory, budget);
  return budget;
}

/** Groups first; hosts where no group matches, or where the term is more than a name. */
function matchNames(
  inventory: Inventory,
  term: string,
  match: (names: readonly string[]) => readonly string[] | { readonly fault: string },
): readonly string[] | Problem {
  const groups = match([...inventory.groups.keys()]);
  if ('fault' in groups) return { code: 'bad-pattern', message: `the host pattern "${shorten(term)}" ${groups.fault}` };
  const found = groups.flatMap((group) => hostsInGroup(inventory, group));
  const isMore = term.startsWith('~') || specials.some((special) => term.includes(special));
  if (groups.length > 0 && !isMore) return found;
  const hosts = match(inventory.hosts);
  if ('fault' in hosts) return { code: 'bad-pattern', message: `the host pattern "${shorten(term)}" ${hosts.fault}` };
  if (hosts.length > 0 || groups.length > 0 || term.startsWith('~') || /[?*[]/.test(term)) return [...found, ...hosts];
  const hint = didYouMean(term, [...inventory.groups.keys(), ...inventory.hosts]);
  const message = `the inventory has no group or host "${shorten(term)}"`;
  return { code: 'unknown-group', message, ...(hint !== undefined && { hint }) };
}

function slice(
  hosts: readonly string[],
  term: string,
  {
    index,
    begin,
    end,
  }: { readonly index: string | undefined; readonly begin: string | undefined; readonly end: string | undefined },
): readonly string[] | Problem {
  if (index === undefined && end === '') return hosts.slice(Number(begin));
  if (index === undefined && Number(end) > 0) return hosts.slice(Number(begin), Number(end) + 1);
  // As in Ansible, an end of 0 leaves the begin alone.
  const host = hosts.at(Number(index ?? begin));
  const message = `the host pattern "${shorten(term)}" names one of ${hosts.length} hosts that does not exist`;
  return host === undefined ? { code: 'bad-pattern', message } : [host];
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}...` : text);
