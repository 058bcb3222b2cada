import { cut } from '../model/cut.ts';
import type { Json } from '../model/json.ts';
import type { Change } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ReportedStep } from '../model/report.ts';

const longestWord = 300;
const longestText = 1_000;
const longestDiff = 256 * 1024;
const longestDiffLine = 1_000;
const mostMembers = 200;

/** A step as another machine told it, cut to what people can read: it may say whatever it likes, as long as it likes. */
export function tameStep(step: ReportedStep): ReportedStep {
  const { address, origin, role, reason, refreshes, changes, diffs } = step;
  return {
    ...step,
    address: cut(address, longestWord),
    origin: cut(origin, longestWord),
    ...(role !== undefined && { role: cut(role, longestWord) }),
    ...(reason !== undefined && { reason: cut(reason, longestText) }),
    refreshes: refreshes.slice(0, mostMembers).map((each) => cut(each, longestWord)),
    changes: changes.slice(0, mostMembers).map(tameChange),
    diffs: diffs.slice(0, mostMembers).map(({ path, text }) => ({ path: cut(path, longestWord), text: tameDiff(text) })),
  };
}

/** A problem of another machine, likewise. */
export const tameProblem = ({ message, at, address, hint, related, ...rest }: Problem): Problem => ({
  ...rest,
  message: cut(message, longestText),
  ...(at !== undefined && { at: { ...at, file: cut(at.file, longestWord) } }),
  ...(address !== undefined && { address: cut(address, longestWord) }),
  ...(hint !== undefined && { hint: cut(hint, longestText) }),
  ...(related !== undefined && { related: related.slice(0, 10).map((each) => ({ ...each, file: cut(each.file, longestWord) })) }),
});

const tameChange = (change: Change): Change => ({
  ...change,
  field: cut(change.field, longestWord),
  from: tameValue(change.from),
  to: tameValue(change.to),
});

/** Texts keep the end that tells that they are longer; anything else is told as it is, or as the beginning of its JSON. */
function tameValue(value: Json): Json {
  if (typeof value === 'string') return cut(value, longestText);
  const text = JSON.stringify(value);
  return text.length > longestText ? cut(text, longestText) : value;
}

function tameDiff(text: string): string {
  const isWhole = text.length <= longestDiff;
  const lines = text.slice(0, longestDiff).split('\n');
  const kept = lines.map((line) => cut(line, longestDiffLine)).join('\n');
  return isWhole ? kept : `${kept}\n... the rest of this diff is too long to show\n`;
}
