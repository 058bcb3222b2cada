import { expect, it } from 'vitest';
import { hostsLeft, noteBegun, noteLeft } from '../../src/fleet/left-undone.ts';
import { fleetReportWith, outcomeWith } from '../report/fleet-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('a host to which a bootstrap has only shown its first plan is left undone, until it was applied', () => {
  using directory = temporaryDirectory();
  const { path } = directory;
  const note = (verdict: 'upstreamPending' | 'converged'): void => {
    const hosts = [outcomeWith('new1', { verdict }), outcomeWith('new2', { verdict: 'converged' })];
    noteLeft(path, '/repository', fleetReportWith(hosts, { action: 'bootstrap' }));
  };
  noteBegun(path, '/repository', 'bootstrap', ['new1', 'new2']);

  note('upstreamPending');
  expect([...hostsLeft(path, '/repository')]).toEqual(['new1']);
  note('converged');
  expect([...hostsLeft(path, '/repository')]).toEqual([]);
});
