import type { Event } from '../model/event.ts';
import type { Report, ReportedStep } from '../model/report.ts';
import { paintFor } from '../report/paint.ts';
import { printableJson } from '../report/printable.ts';
import { eventLine, progressLine } from '../report/render-events.ts';
import type { DiffDetail } from '../report/render-step.ts';
import { planLine, renderClosing, renderPlan, renderReport, renderSteps, uncommittedInWords } from '../report/render-text.ts';
import { mayBeTerminal, paintOutput, writeOutput } from './output.ts';

/** Shows one run: the report on standard output, progress on standard error where that is a terminal. */
interface RunOutput {
  readonly emit: (event: Event) => void;
  /** Call once, with what the run returned. */
  readonly finish: (report: Report) => void;
}

export function openRunOutput(format: string | undefined, detail: DiffDetail): RunOutput {
  if (format === 'ndjson') {
    const emit = (event: Event) => writeOutput(eventLine(event, new Date().toISOString()));
    return { emit, finish: () => undefined };
  }
  const progress = showProgress();
  if (format === 'json') return { emit: progress, finish: writeJson };
  return textOutput(detail, progress);
}

/** One value as indented JSON on standard output. */
export const writeJson = (value: unknown): void => writeOutput(jsonText(value));

export const jsonText = (value: unknown): string => `${printableJson(JSON.stringify(value, null, 2))}\n`;

/** The plan is shown before it is applied, so that it stands there even if the run is killed. */
function textOutput(detail: DiffDetail, progress: (event: Event | undefined) => void): RunOutput {
  const paint = paintOutput();
  let started: Extract<Event, { type: 'run-started' }> | undefined;
  let planned: readonly ReportedStep[] = [];
  let isApplying = false;
  return {
    emit(event) {
      progress(event);
      if (event.type === 'run-started') started = event;
      if (event.type === 'planned' && isApplying) writeOutput(renderSteps(event.steps, paint, detail));
      else if (event.type === 'planned' && started) {
        planned = event.steps;
        const commit = started.revision.replace(/^([0-9a-f]{8})[0-9a-f]{32,}$/, '$1');
        const around = uncommittedInWords(event.uncommitted) || (started.workingTree ? ' (working tree)' : '');
        writeOutput(renderPlan(started.host, commit + around, planned, paint, detail));
      }
      if (event.type === 'applying' && !isApplying) {
        isApplying = true;
        writeOutput(`${planLine(planned)}\n\n`);
      }
    },
    finish(report) {
      progress(undefined);
      if (planned.length === 0) return writeOutput(renderReport(report, paint, detail));
      const broken = report.steps.filter(({ outcome }) => outcome === 'failed');
      const withoutDiffs = broken.map((step) => ({ ...step, diffs: [] }));
      writeOutput(renderSteps(withoutDiffs, paint, 'brief') + renderClosing(report, paint));
    },
  };
}

/** The one line that is written over and over; undefined clears it. Silent where standard error is no terminal. */
function showProgress(): (event: Event | undefined) => void {
  if (!mayBeTerminal(2) || !process.stderr.isTTY) return () => undefined;
  const { stderr } = process;
  const paint = paintFor(stderr);
  const clear = '\r\x1b[K';
  let isShown = false;
  return (event) => {
    const line = event && progressLine(event, paint);
    if (line) stderr.write(clear + line);
    else if (isShown) stderr.write(clear);
    isShown = line !== undefined;
  };
}
