import { cut } from '../model/cut.ts';
import type { WithProblems } from '../model/located.ts';
import { didYouMean } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';
import type { TimeBudget } from '../model/time-limit.ts';
import { hostsInGroup } from './group-hosts.ts';
import type { Members } from './inventory.ts';
import { compileGlob } from './match-glob.ts';
import { matchRegex } from './match-regex.ts';
import { splitPattern } from './split-pattern.ts';

/** Hosts in Ansible's order. Problems have no position: the caller knows where the pattern stands. */
interface SelectedHosts extends WithProblems {
  readonly hosts: readonly string[];
}

const maxLength = 10_000;
const maxTerms = 200;
const withSubscript = /^(.+)\[(?:(-?\d{1,9})|(\d{1,9})[:-](\d{0,9}))\]$/;
const specials = ['.', '?', '*', '['];

/** Compiling every host of a large inventory asks for the same patterns each time. */
const answers = new WeakMap<Members, Map<string, SelectedHosts>>();
/** Milliseconds for the regular expressions of all patterns together; hundreds of times what a fleet needs. */
const longestTotal = 5_000;
const budgets = new WeakMap<Members, TimeBudget>();

/**
 * Evaluates an Ansible host pattern, or a list of its terms, which is the operator's own and has no bound: plain terms are united, then
 * `&` terms intersect, then `!` terms exclude, whatever the order in which they stand. A term is a name, a glob, `~regex`, and,
 * unless it is a regex, may end in a slice (`[0]`, `[-1]`, `[1:]`, `[0:1]`, end included). A glob that matches nothing is
 * fine; a name that nobody has is a problem.
 */
export function selectHosts(inventory: Members, pattern: string | readonly string[]): SelectedHosts {
  if (typeof pattern !== 'string') return evaluate(inventory, pattern);
  const known = answers.get(inventory) ?? new Map<string, SelectedHosts>();
  answers.set(inventory, known);
  const answer = known.get(pattern) ?? evaluatePattern(inventory, pattern);
  known.set(pattern, answer);
  return answer;
}

function evaluatePattern(inventory: Members, pattern: string): SelectedHosts {
  const bad = (message: string): SelectedHosts => ({ hosts: [], problems: [{ code: 'bad-pattern', message }] });
  if (pattern.length > maxLength) return bad(`a host pattern of more than ${maxLength} characters`);
  const terms = splitPattern(pattern);
  if (terms.length === 0) return bad('an empty host pattern; "all" selects every host');
  if (terms.length > maxTerms) return bad(`a host pattern of more than ${maxTerms} terms`);
  return evaluate(inventory, terms);
}

function evaluate(inventory: Members, terms: readonly string[]): SelectedHosts {
  const problems: Problem[] = [];
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

function matchTerm(inventory: Members, term: string): readonly string[] | Problem {
  if (term === '') return { code: 'bad-pattern', message: 'a host pattern with "!" or "&" and nothing behind it' };
  if (term.startsWith('~')) return matchNames(inventory, term, (names) => matchRegex(term.slice(1), names, budgetOf(inventory)));
  const [, base, index, begin, end] = withSubscript.exec(term) ?? [];
  const name = base ?? term;
  const matches = compileGlob(name);
  if (!matches) return { code: 'bad-pattern', message: `the host pattern "${cut(term, 80)}" has a "[" without "]"` };
  const hosts = matchNames(inventory, name, (names) => names.filter(matches));
  if (!Array.isArray(hosts) || base === undefined || hosts.length === 0) return hosts;
  return slice(hosts as readonly string[], term, { index, begin, end });
}

function budgetOf(inventory: Members): TimeBudget {
  const budget = budgets.get(inventory) ?? { left: longestTotal };
  budgets.set(inventory, budget);
  return budget;
}

/** Groups first; hosts where no group matches, or where the term is more than a name. */
function matchNames(
  inventory: Members,
  term: string,
  match: (names: readonly string[]) => readonly string[] | { readonly fault: string },
): readonly string[] | Problem {
  const groups = match([...inventory.groups.keys()]);
  if ('fault' in groups) return { code: 'bad-pattern', message: `the host pattern "${cut(term, 80)}" ${groups.fault}` };
  const found = groups.flatMap((group) => hostsInGroup(inventory, group));
  const isMore = term.startsWith('~') || specials.some((special) => term.includes(special));
  if (groups.length > 0 && !isMore) return found;
  const hosts = match(inventory.hosts);
  if ('fault' in hosts) return { code: 'bad-pattern', message: `the host pattern "${cut(term, 80)}" ${hosts.fault}` };
  if (hosts.length > 0 || groups.length > 0 || term.startsWith('~') || /[?*[]/.test(term)) return [...found, ...hosts];
  const hint = didYouMean(term, [...inventory.groups.keys(), ...inventory.hosts]);
  const message = `the inventory has no group or host "${cut(term, 80)}"`;
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
  const message = `the host pattern "${cut(term, 80)}" names one of ${hosts.length} hosts that does not exist`;
  return host === undefined ? { code: 'bad-pattern', message } : [host];
}
