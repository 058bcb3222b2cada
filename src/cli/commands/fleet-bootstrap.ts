import { homedir } from 'node:os';
import { join } from 'node:path';
import { bootstrapHost } from '../../fleet/bootstrap/bootstrap-host.ts';
import { findsChanges } from '../../fleet/bootstrap/first-run.ts';
import { readHostFiles } from '../../fleet/bootstrap/host-files.ts';
import { packProgram } from '../../fleet/bootstrap/pack-program.ts';
import { packRuntime, type Runtime } from '../../fleet/bootstrap/pack-runtime.ts';
import { removeFromHost } from '../../fleet/bootstrap/remove-host.ts';
import { convergeTask } from '../../fleet/converge-task.ts';
import { revisionTask } from '../../fleet/revision-task.ts';
import type { Task } from '../../fleet/run-on-hosts.ts';
import { openWorkingRevision, type WorkingRevision } from '../../fleet/working-revision.ts';
import type { FleetReport, HostOutcome } from '../../model/fleet.ts';
import { version } from '../../model/version.ts';
import type { Paint } from '../../report/paint.ts';
import { printable } from '../../report/printable.ts';
import { renderFleetCheck } from '../../report/render-fleet-check.ts';
import { renderRecap } from '../../report/render-fleet-recap.ts';
import { count } from '../../report/render-text.ts';
import { askPerson } from '../ask-person.ts';
import { bundleDirectory } from '../bundle-directory.ts';
import { ExitError } from '../../model/exit-error.ts';
import { openFleetRun, type FleetRun } from '../fleet-command.ts';
import { textOption, type Invocation } from '../invocation.ts';

/** Host names in a question. */
const shownNames = 10;

/** Makes bare machines ones that an agent keeps, brings what runs there up to date, or takes it off again. */
export async function run(invocation: Invocation): Promise<number> {
  refuseUnfitting(invocation);
  await using fleet = await openFleetRun(invocation, 'bootstrap');
  if (invocation.options['remove'] === true) return await remove(invocation, fleet);
  const files = new Map(
    fleet.targets.map(({ name }) => {
      const given = { policy: textOption(invocation, 'policy'), directory: textOption(invocation, 'files') };
      return [name, readHostFiles(name, given)];
    }),
  );
  await using revision = await openWorkingRevision(fleet.repository, { uncommitted: 'refuse' }, invocation.signal);
  const [runtimes, program] = await packAll(invocation);
  const taskFor =
    (approvedFor: (host: string) => string | undefined): Task =>
    (connection, signal) => {
      const host = connection.target.name;
      const settings = {
        runtimes,
        program,
        files: files.get(host)!,
        approved: approvedFor(host),
        visit: async (action: 'check' | 'converge') => {
          const visit =
            action === 'check'
              ? revisionTask(revision, { action, tags: [] }, fleet.emit)
              : convergeTask(revision, { ...fleet, tags: [] });
          return visit(connection, signal);
        },
      };
      return bootstrapHost(connection, settings, (message) => fleet.emit({ type: 'step', host, message }), signal);
    };
  const isAgreed = invocation.options['yes'] === true;
  const first = await fleet.onHosts(
    fleet.targets,
    taskFor(() => (isAgreed ? 'any' : undefined)),
    { isRepeatable: true },
  );
  return await finish(invocation, { fleet, revision, taskFor }, first);
}

interface Course {
  readonly fleet: FleetRun;
  readonly revision: WorkingRevision;
  readonly taskFor: (approvedFor: (host: string) => string | undefined) => Task;
}

/** Shows the first plans of all hosts that wait for a word at once, and goes on with exactly these plans when there is one. */
async function finish(
  invocation: Invocation,
  { fleet, revision: { commit, branch }, taskFor }: Course,
  first: readonly HostOutcome[],
): Promise<number> {
  const end = { revision: { commit, branch, workingTree: false }, halted: null };
  const waiting = first.filter(({ verdict }) => findsChanges.includes(verdict));
  const detail = invocation.options['diff'] === true ? 'full' : 'brief';
  const report = fleet.finish(first, end, (shown, paint, columns) =>
    waiting.length > 0 ? renderFleetCheck(shown, detail, paint, columns) : renderEnd(shown, paint, columns),
  );
  const format = textOption(invocation, 'output') ?? 'text';
  if (waiting.length === 0 || format !== 'text' || fleet.signal.aborted) return report.exit;
  const isWanted = await askPerson(`Apply this on ${count(waiting.length, 'host')} and start the agent?`, invocation.signal);
  if (isWanted === undefined) process.stderr.write('nobody can be asked here: --yes applies what the first run would change\n');
  if (isWanted !== true) return report.exit;
  const digests = new Map(waiting.map(({ host, report: check }) => [host, check?.planDigest ?? undefined]));
  const targets = fleet.targets.filter(({ name }) => digests.has(name));
  const second = await fleet.onHosts(
    targets,
    taskFor((host) => digests.get(host)),
    { isRepeatable: true },
  );
  const all = first.map((outcome) => second.find(({ host }) => host === outcome.host) ?? outcome);
  return fleet.finish(all, end, renderEnd).exit;
}

/** Host policies that were replaced, and then what became of the hosts. */
function renderEnd(report: FleetReport, paint: Paint, columns: number | undefined): string {
  const changed = report.hosts.flatMap(({ host, output }) => (output === undefined ? [] : [`${host}:\n${printable(output)}\n`]));
  return changed.join('') + renderRecap(report, paint, columns);
}

async function remove(invocation: Invocation, fleet: FleetRun): Promise<number> {
  const names = fleet.targets.map(({ name }) => name);
  const shown = `${names.slice(0, shownNames).join(', ')}${names.length > shownNames ? ', ...' : ''}`;
  const keepState = invocation.options['keepState'] === true;
  const question = `Remove the agent${keepState ? '' : ', its history and its settings'} from ${count(names.length, 'host')} (${shown})?`;
  const isAgreed = invocation.options['yes'] === true || (await askPerson(question, invocation.signal));
  if (isAgreed !== true)
    throw new ExitError(
      'usage',
      'nothing was removed',
      isAgreed === undefined ? 'give --yes where nobody can be asked' : undefined,
    );
  const task: Task = (connection, signal) => {
    const tell = (message: string): void => fleet.emit({ type: 'step', host: connection.target.name, message });
    return removeFromHost(connection, { keepState }, tell, signal);
  };
  const hosts = await fleet.onHosts(fleet.targets, task, { isRepeatable: true });
  return fleet.finish(hosts, { revision: null, halted: null }, renderRecap).exit;
}

/** The program and the runtimes as they are sent, made once for all hosts. A runtime that was named stands before this process's own. */
async function packAll(invocation: Invocation) {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'timmy-reconciler');
  const named = textOption(invocation, 'node');
  const own = process.platform === 'linux' ? [await packRuntime(process.execPath, cache, process.versions.node)] : [];
  const runtimes: readonly Runtime[] = named === undefined ? own : [await packRuntime(named, cache), ...own];
  return [runtimes, await packProgram(bundleDirectory(), version, cache)] as const;
}

function refuseUnfitting({ options }: Invocation): void {
  const bringing = ['policy', 'files', 'node', 'diff'].find((name) => options[name] !== undefined);
  if (options['remove'] === true && bringing !== undefined)
    throw new ExitError('usage', `--${bringing} does not fit --remove`, 'with --remove nothing is brought');
  if (options['remove'] !== true && options['keepState'] === true)
    throw new ExitError('usage', '--keep-state is for --remove', 'a bootstrap never removes the state');
}
