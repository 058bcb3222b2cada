import { revisionTask } from '../../fleet/revision-task.ts';
import { openWorkingRevision } from '../../fleet/working-revision.ts';
import { count } from '../../report/render-text.ts';
import { renderFleetCheck } from '../../report/render-fleet-check.ts';
import { openFleetRun } from '../fleet-command.ts';
import { writeFleetPlan } from '../fleet-plan-file.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { requireOutFile } from '../out-file.ts';
import { tagsOption } from '../request.ts';

/** Shows what the revision that stands in the repository would change on every host. With `--out` the plans are kept for `fleet apply`. */
export async function run(invocation: Invocation): Promise<number> {
  const { options, signal } = invocation;
  const file = textOption(invocation, 'out');
  const tags = tagsOption(invocation);
  if (file !== undefined) requireOutFile(file);
  await using fleet = await openFleetRun(invocation, 'check');
  // What is only looked at may be uncommitted; a plan that is kept is of a commit.
  const uncommitted = file === undefined ? 'include' : 'refuse';
  await using revision = await openWorkingRevision(fleet.repository, { uncommitted }, signal);
  const hosts = await fleet.onHosts(fleet.targets, revisionTask(revision, { action: 'check', tags }, fleet.emit), {
    isRepeatable: true,
  });
  const { commit, branch, workingTree } = revision;
  const end = { revision: { commit, branch, workingTree }, halted: null };
  const report = fleet.finish(hosts, end, (shown, paint, columns) =>
    renderFleetCheck(shown, options['diff'] === true ? 'full' : 'brief', paint, columns),
  );
  if (file === undefined) return report.exit;
  const planned = writeFleetPlan(file, report, tags);
  process.stderr.write(`Written to ${file}; reconcile fleet apply ${file} does exactly this on ${count(planned, 'host')}.\n`);
  return planned === hosts.length ? 0 : report.exit;
}
