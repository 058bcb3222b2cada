import type { Report, ReportedStep } from './report.ts';

/** Everything worth telling while a run goes on. Progress display, NDJSON output and logs are exhaustive switches over it. */
export type Event =
  | {
      readonly type: 'run-started';
      readonly run: string;
      readonly host: string;
      readonly revision: string;
      /** The revision is a commit, but what counts is the working tree around it. */
      readonly workingTree?: true;
    }
  | {
      readonly type: 'recovered';
      readonly run: string;
      readonly addresses: readonly string[];
      /** Where the work of others is now, and what stays. In words, as `faults`: what could not be put back. */
      readonly aside?: readonly string[];
      readonly faults?: readonly string[];
    }
  | {
      readonly type: 'planned';
      readonly run: string;
      readonly steps: readonly ReportedStep[];
      readonly digest: string;
      /** As in the report. */
      readonly uncommitted?: true;
    }
  | { readonly type: 'applying'; readonly run: string; readonly address: string; readonly done: number; readonly total: number }
  | { readonly type: 'refreshing'; readonly run: string; readonly address: string }
  | { readonly type: 'verifying'; readonly run: string }
  | { readonly type: 'rolling-back'; readonly run: string; readonly reason: string }
  | { readonly type: 'finished'; readonly run: string; readonly report: Report };
