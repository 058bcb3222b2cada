import type { StructuredPatchHunk } from 'diff';
import { monotonic } from '../model/monotonic.ts';
import type { Preview } from '../model/plan.ts';
import type { ReportedDiff } from '../model/report.ts';
import { decodeUtf8 } from '../model/utf8.ts';
import { printableLine } from './printable.ts';
import { skipCommon } from './skip-common.ts';

/** Files above this are summarised, bytes. */
const largestFile = 256 * 1024;
/** Longer diffs are cut, characters. */
const longestText = 64 * 1024;
/** Of a created or removed file the first lines say enough. */
const wholeFileLines = 100;

/** Lines around a change. */
const context = 3;

interface DiffLimits {
  /** Milliseconds for all diffs of a run together. */
  readonly time: number;
  /** Characters of all diffs of a run together. */
  readonly text: number;
}

/** Makes the diffs of one run within common limits; undefined when they are used up. */
export type Differ = (preview: Preview) => Promise<ReportedDiff | undefined>;

/** The `diff` library is loaded with the first diff of two texts, so that a converged run does not pay for it. */
export function openDiffer(limits: DiffLimits = { time: 2_000, text: 256 * 1024 }): Differ {
  let { time, text } = limits;
  return async (preview) => {
    if (time <= 0 || text <= 0) return undefined;
    const started = monotonic();
    const shown = await unifiedDiff(preview, Math.min(time, 500));
    time -= monotonic() - started;
    text -= shown.length;
    return { path: preview.path, text: shown };
  };
}

/**
 * A unified diff with three lines of context, or a sentence in its place: binary, over 256 KiB, or not done within `time`
 * milliseconds. Control characters stand in it as they are; whoever shows it escapes them.
 */
export async function unifiedDiff({ path, before, after }: Preview, time: number): Promise<string> {
  const preview = { path, before, after };
  if (!isBytes(before) || Math.max(before?.length ?? 0, after?.length ?? 0) > largestFile)
    return `too large to show: ${summary(preview)}`;
  const [old, young] = [textOf(before), textOf(after)];
  if (old === 'binary' || young === 'binary') return `binary: ${summary(preview)}`;
  if (before && after && before.equals(after)) return 'same content';
  const name = printableLine(path).replace(/^\//, '');
  const head = `--- ${before ? `a/${name}` : '/dev/null'}\n+++ ${after ? `b/${name}` : '/dev/null'}\n`;
  if (!old.text || !young.text) return head + wholeFile(old.text ? '-' : '+', old.text || young.text);
  const { structuredPatch } = await import('diff');
  const near = skipCommon(before!, after!, context);
  const hunksOf = (from: Buffer, to: Buffer): readonly StructuredPatchHunk[] | undefined =>
    structuredPatch('', '', from.toString(), to.toString(), '', '', { context, timeout: time })?.hunks;
  const short = hunksOf(near.before, near.after);
  // Where lines repeat, a change may be told further down than where it begins, and then lacks the lines after it.
  const isWhole = !near.isCut || !short || endsInContext(short.at(-1));
  const found = isWhole ? short : hunksOf(...near.whole());
  if (!found) return `too different to show in time: ${summary(preview)}`;
  const hunks = found.map(
    ({ oldStart, oldLines, newStart, newLines, lines }) =>
      `@@ -${oldStart + near.skipped},${oldLines} +${newStart + near.skipped},${newLines} @@\n${lines.map((line) => `${line}\n`).join('')}`,
  );
  return cut(head + hunks.join(''));
}

const endsInContext = (hunk: StructuredPatchHunk | undefined): boolean =>
  hunk?.lines.slice(-context).every((line) => line.startsWith(' ')) === true;

/** `3.1 KiB → 2.9 KiB`, `new, 12 bytes`, `removed, 12 bytes`. */
function summary({ before, after }: Preview): string {
  if (!before) return after ? `new, ${bytes(after.length)}` : 'absent';
  const size = isBytes(before) ? before.length : before.size;
  return after ? `${bytes(size)} → ${bytes(after.length)}` : `removed, ${bytes(size)}`;
}

const isBytes = (content: Preview['before']): content is Buffer | undefined => content === undefined || Buffer.isBuffer(content);

/** A size for people: `812 bytes`, `3.1 KiB`, `2.4 MiB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} ${count === 1 ? 'byte' : 'bytes'}`;
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

function textOf(content: Buffer | undefined): { readonly text: string } | 'binary' {
  if (!content) return { text: '' };
  if (content.includes(0)) return 'binary';
  const text = decodeUtf8(content);
  return text === undefined ? 'binary' : { text };
}

function wholeFile(mark: '+' | '-', text: string): string {
  if (!text) return '';
  const lines = text.split('\n');
  const complete = lines.at(-1) === '';
  if (complete) lines.pop();
  const range = lines.length === 1 ? '1' : `1,${lines.length}`;
  const shown = lines.slice(0, wholeFileLines).map((line) => `${mark}${line}\n`);
  const rest = lines.length - shown.length;
  const end = rest > 0 ? `... ${rest} more lines\n` : complete ? '' : '\\ No newline at end of file\n';
  return cut(`@@ ${mark === '+' ? '-0,0' : `-${range}`} ${mark === '+' ? `+${range}` : '+0,0'} @@\n${shown.join('')}${end}`);
}

function cut(text: string): string {
  if (text.length <= longestText) return text;
  const end = text.lastIndexOf('\n', longestText) + 1 || longestText;
  return `${text.slice(0, end)}... ${text.slice(end).split('\n').length - 1} more lines\n`;
}
