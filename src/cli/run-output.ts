import type { Event } from '../model/event.ts';
import type { Report, ReportedStep } from '../model/report.ts';
import { paintFor } from '../report/paint.ts';
import { printableJson } from '../report/printable.ts';
import { eventLine, progressLine } from '../report/render-events.ts';
import { planLine, renderClosing, renderPlan, renderReport, renderSteps, type DiffDetail } from '../report/render-text.ts';

/** Shows one run: the report on standard output, progress on standard error where that is a terminal. */
interface RunOutput {
  readonly emit: (event: Event) => void;
  /** Call once, with what the run returned. */
  readonly finish: (report: Report) => void;
}

export function openRunOutput(format: string | undefined, detail: DiffDetail): RunOutput {
  if (format === 'ndjson') {
    const emit = (event: Event) => void process.stdout.write(eventLine(event, new Date().toISOString()));
    return { emit, finish: () => undefined };
  }
  const progress = showProgress();
  if (format === 'json') return { emit: progress, finish: writeJson };
  return textOutput(detail, progress);
}

/** One value as indented JSON on standard output. */
export function writeJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value, null, 2))}\n`);
}

/** The plan is shown before it is applied, so that it stands there even if the run is killed. */
function textOutput(detail: DiffDetail, progress: (event: Event | undefined) => void): RunOutput {
  const paint = paintFor(process.stdout);
  let started: Extract<Event, { type: 'run-started' }> | undefined;
  let planned: readonly ReportedStep[] = [];
  let isApplying = false;
  return {
    emit(event) {
      progress(event);
      if (event.type === 'run-started') started = event;
      if (event.type === 'planned' && started) {
        planned = event.steps;
        const revision = started.revision.replace(/^([0-9a-f]{8})[0-9a-f]{32,}$/, '$1');
        process.stdout.write(renderPlan(started.host, revision, planned, paint, detail));
      }
      if (event.type === 'applying' && !isApplying) {
        isApplying = true;
        process.stdout.write(`${planLine(planned)}\n\n`);
      }
    },
    finish(report) {
      progress(undefined);
      if (planned.length === 0) return void process.stdout.write(renderReport(report, paint, detail));
      const broken = report.steps.filter(({ outcome }) => outcome === 'failed');
      const withoutDiffs = broken.map((step) => ({ ...step, diffs: [] }));
      process.stdout.write(renderSteps(withoutDiffs, paint, 'brief') + renderClosing(report, paint));
    },
  };
}

/** The one line that is written over and over; undefined clears it. Silent where standard error is no terminal. */
function showProgress(): (event: Event | undefined) => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
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
