import { expect, it } from 'vitest';
import type { Step } from '../../src/model/plan.ts';
import { record } from '../../src/run/record.ts';
import type { PlannedHost } from '../../src/run/plan-host.ts';
import { startRun } from '../../src/run/start-run.ts';
import { openState } from '../../src/state/state.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { monotonic } from '../../src/model/monotonic.ts';

const step = (id: string): Step =>
  ({
    address: `package[${id}]`,
    cause: 'upstream',
    diff: { action: 'update', changes: [] },
    refreshes: [],
    sensitive: false,
    resource: {
      address: `package[${id}]`,
      kind: 'package',
      digest: id,
      prune: 'yes',
      desired: { names: ['jq'] },
      notify: [],
      origin: { at: { file: 'site.yaml', line: 1, column: 1 } },
    },
  }) as unknown as Step;

it('what a resource of this run has made, a later one that names it too and found it there has made as well', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  const revision = { commit: null, branch: null, workingTree: true, key: '' };
  const run = startRun({ action: 'converge', root: undefined }, revision, 'box', monotonic());
  const types = () => ({ parts: { of: ({ names }: { readonly names: readonly string[] }) => names } });
  const input = { ledger: new Map(), types, owed: [], graph: { batches: [] } };
  const planned = { plan: { steps: [step('a'), step('b')] }, input } as unknown as PlannedHost;
  const stood = new Map([
    ['package[a]', []],
    ['package[b]', ['jq']],
  ]);
  state.journal.begin(run.id, 'key', run.startedAt);

  record(run, planned, state, run.report({ outcome: 'converged', summary: '' }), stood);

  expect([...state.ledger.all().values()].map(({ address, made }) => [address, made])).toEqual([
    ['package[a]', ['jq']],
    ['package[b]', ['jq']],
  ]);
});
