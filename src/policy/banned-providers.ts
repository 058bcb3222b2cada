import type { Problem, SourcePosition } from '../model/problem.ts';
import { runFor } from '../model/time-limit.ts';
import { readBanPattern, type BanPattern } from './ban-pattern.ts';
import { compileGlobs } from './glob.ts';
import type { JudgeInput, PolicyText } from './judge-input.ts';
import type { HostChain } from '../model/host-chain.ts';

/** The file that lists the bans may name them. */
const policyFile = 'desired-state/policy.yaml';
const maxPatterns = 200;
const maxReported = 100;
/** Milliseconds for all texts together. Hundreds of times what a fleet's repository needs. */
const longestSearch = 10_000;
/** What can hide a name from a search: escapes of YAML, JSON, TOML and URLs, look-alike and invisible characters. */
const escape = /%[0-9a-f]{2}|\\[ux/ \t\r\n]/i;
// eslint-disable-next-line no-control-regex -- everything that is not ASCII
const foreign = /[^\x00-\x7f]/;
const escapedBreak = /\\[ \t]*\r?$/;
/** Normalising sorts the marks of each letter, in quadratic time; no letter has this many. U+FF9E and U+FF9F become marks. */
const manyMarks = /([\p{M}\uFF9E\uFF9F]{30})[\p{M}\uFF9E\uFF9F]+/gu;
const invisible = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Banned providers in any form: in the repository, in rendered contents, in what stays on the host, and in the fields of
 * provider chains. Names the pattern and the place, never the matched text, because that may hold a secret.
 */
export function judgeBannedProviders(input: JudgeInput): readonly Problem[] {
  const { policy, policyAt: at } = input;
  const { patterns } = policy.banned;
  if (patterns.length === 0) return [];
  const { bans, problems } = compileBans(input);
  const exempt = compileGlobs(policy.banned.exempt, { name: 'banned.exempt', path: ['banned', 'exempt'], at });
  const found = [...problems, ...exempt.problems];
  if (bans.length === 0) return found;

  for (const chain of input.chains) found.push(...banInChain(chain, bans));
  const isExempt = ({ where, path, name }: PolicyText): boolean =>
    (where === 'config' && name === policyFile) || exempt.match(path ?? name) !== undefined;
  const searched = runFor(longestSearch, () => bansInTexts(input, bans, isExempt));
  if (searched) return [...found, ...searched.value];
  const position = at?.(['banned', 'patterns']);
  const message = `searching for banned.patterns takes longer than ${longestSearch / 1000} s`;
  const hint = 'use fewer "*" and "+" in them, or list large files under banned.exempt';
  return [...found, { code: 'bad-ban-pattern', message, hint, ...(position && { at: position }) }];
}

function bansInTexts(
  { plan, texts }: JudgeInput,
  bans: readonly BanPattern[],
  isExempt: (text: PolicyText) => boolean,
): readonly Problem[] {
  const origins = new Map(plan.steps.map(({ address, resource }) => [address, resource.origin.at]));
  // One search for all patterns is faster than one each, and nearly every text has no match.
  const any = new RegExp(bans.map(({ expression }) => `(?:${expression.source})`).join('|'), 'im');
  const found: Problem[] = [];
  let hidden = 0;
  for (const text of texts()) {
    if (isExempt(text)) continue;
    for (const problem of banInText(text, any, bans, origins)) {
      if (found.length < maxReported) found.push(problem);
      else hidden++;
    }
  }
  if (hidden > 0) found.push({ code: 'banned-provider', message: `${hidden} more places with banned providers are not listed` });
  return found;
}

function compileBans({ policy, policyAt }: JudgeInput): {
  readonly bans: readonly BanPattern[];
  readonly problems: readonly Problem[];
} {
  const bans: BanPattern[] = [];
  const problems: Problem[] = [];
  policy.banned.patterns.forEach((pattern, index) => {
    const read = index < maxPatterns ? readBanPattern(pattern) : { fault: `is beyond the limit of ${maxPatterns} patterns` };
    if ('expression' in read) return void bans.push(read);
    const position = policyAt?.(['banned', 'patterns', index]);
    problems.push({
      code: 'bad-ban-pattern',
      message: `banned.patterns has ${JSON.stringify(pattern.slice(0, 80))}, which ${read.fault}`,
      ...(position && { at: position }),
    });
  });
  return { bans, problems };
}

function banInChain({ host, address, at, chain }: HostChain, bans: readonly BanPattern[]): readonly Problem[] {
  return chain.flatMap((slot, index) =>
    (['provider', 'model', 'base_url', 'key_env'] as const).flatMap((field): Problem[] => {
      const value = slot[field];
      if (value === undefined) return [];
      const forms = [value, unmask(value), ...(field === 'base_url' && URL.canParse(value) ? [new URL(value).href] : [])];
      const ban = bans.find(({ expression }) => forms.some((form) => expression.test(form)));
      if (!ban) return [];
      const message = `${field} of slot ${index + 1} on ${host} matches the banned pattern ${quote(ban)}`;
      return [{ code: 'banned-provider', message, address, ...(at && { at }), hint: 'put an allowed provider into this slot' }];
    }),
  );
}

function banInText(
  { where, name, text, line = 1 }: PolicyText,
  any: RegExp,
  bans: readonly BanPattern[],
  origins: ReadonlyMap<string, SourcePosition>,
): readonly Problem[] {
  const plain = escape.test(text) || foreign.test(text) ? unmask(text) : undefined;
  if (!any.test(text) && !(plain !== undefined && any.test(plain))) return [];
  return bans.flatMap((ban): Problem[] => {
    const view = ban.expression.test(text) ? text : plain;
    const index = view === undefined ? -1 : view.search(ban.expression);
    if (view === undefined || index < 0) return [];
    const place = positionIn(view, index, name, line);
    if (where === 'config')
      return [{ code: 'banned-provider', message: `matches the banned pattern ${quote(ban)}`, at: place, hint: hints.config }];
    const origin = origins.get(name);
    const subject = where === 'rendered' ? 'the rendered content' : 'the file on this host, which the run would leave as it is,';
    const message = `${name}: ${subject} matches the banned pattern ${quote(ban)} at line ${place.line}, column ${place.column}`;
    const address = origin && { address: name, at: origin };
    return [{ code: 'banned-provider', message, ...address, hint: hints[where] }];
  });
}

const hints = {
  config: 'remove it, or list the path under banned.exempt',
  rendered: 'find the variable or template behind it with "reconcile explain"',
  live: 'remove it by hand, or let a resource manage the whole file',
} as const;

const quote = ({ pattern }: BanPattern): string => JSON.stringify(pattern);

/** The text as its reader would see it; keeps lines where they are. */
function unmask(text: string): string {
  const unescaped = joinLines(text).replace(
    /\\U([0-9a-fA-F]{8})|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\\//g,
    (whole, ...hex: (string | undefined)[]) => {
      const code = Number.parseInt(hex.slice(0, 3).find((digits) => digits !== undefined) ?? '2f', 16);
      return code >= 0x20 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
  const decoded = unescaped.replace(/(?:%[2-9a-f][0-9a-f])+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString(),
  );
  return decoded.replace(invisible, '').replace(manyMarks, '$1').normalize('NFKC');
}

/** Lines whose break is escaped, as in the quotes of YAML and TOML, become one, with the breaks behind it. */
function joinLines(text: string): string {
  const joined: string[] = [];
  let open: string | undefined;
  let breaks = '';
  for (const line of text.split('\n')) {
    const part = open === undefined ? line : line.trimStart();
    const whole = (open ?? '') + part.replace(escapedBreak, '');
    if (escapedBreak.test(line) || (open !== undefined && part === '')) {
      open = whole;
      breaks += '\n';
      continue;
    }
    joined.push(whole + breaks);
    open = undefined;
    breaks = '';
  }
  return [...joined, ...(open === undefined ? [] : [open + breaks])].join('\n');
}

function positionIn(text: string, index: number, file: string, firstLine: number): SourcePosition {
  const lineStart = text.lastIndexOf('\n', index - 1) + 1;
  let line = firstLine;
  for (let at = text.indexOf('\n'); at !== -1 && at < lineStart; at = text.indexOf('\n', at + 1)) line++;
  return { file, line, column: index - lineStart + 1 };
}
