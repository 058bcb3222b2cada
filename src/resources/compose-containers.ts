import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import { lastWords, programError } from '../model/how-it-ended.ts';
import { awaitProcesses } from './find-process.ts';

/** A container that compose made. */
export interface ComposeContainer {
  readonly project: string;
  readonly service: string;
  readonly isRunning: boolean;
  /** Ended by itself, without an error. */
  readonly isDone: boolean;
  /** Somebody made it beside those of the services, with `docker compose run`. */
  readonly isOneOff: boolean;
}

const socket = '/run/docker.sock';
const programs = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].map(
  (place) => `${place}/docker`,
);
const label = (name: string): string => `{{.Label "com.docker.compose.${name}"}}`;

/** Whether containers can be had here. Asks no program. */
export const dockerRuns = (host: HostReader): boolean =>
  host.live && host.stat(socket) !== undefined && programs.some((path) => host.stat(path) !== undefined);

/** All containers of all projects, in one call. */
export async function listContainers(host: HostReader, signal: AbortSignal): Promise<readonly ComposeContainer[]> {
  const format = [label('project'), label('service'), '{{.State}}', '{{.Status}}', label('oneoff')].join('\t');
  const argv = [
    'docker',
    'ps',
    '--all',
    '--no-trunc',
    '--filter',
    'label=com.docker.compose.project',
    '--format',
    format,
  ] as const;
  const result = await host.query(argv, signal);
  if (result.exitCode !== 0) throw programError(result, `docker does not say which containers there are: ${lastWords(result)}`);
  return readContainers(result.stdout);
}

export const readContainers = (text: string): readonly ComposeContainer[] =>
  text
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((words) => words.length === 5)
    .map(([project = '', service = '', state, status = '', oneOff]) => {
      const isDone = status.startsWith('Exited (0)');
      return { project, service, isRunning: state === 'running', isDone, isOneOff: oneOff === 'True' };
    });

/** Runs `docker compose` for one project, after one that goes on though its run was killed. Throws with what it said. */
export async function compose(
  project: string,
  args: readonly string[],
  timeout: number,
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  const isSame = (process: AbsolutePath): boolean =>
    host.readFile(`${process}/cmdline`, 4096)?.includes(`\0--project-name\0${project}\0`) === true;
  await awaitProcesses({ name: /^docker(?:-compose)?$/, holds: isSame }, timeout, host, signal);
  const argv = ['docker', 'compose', '--project-name', project, ...args] as const;
  const result = await host.run(argv, signal, { timeout });
  if (result.exitCode === 0) return;
  const said = result.timedOut ? `it took longer than ${timeout / 1000} s` : lastWords(result);
  throw programError(result, `docker compose did not bring ${project} where it is wanted: ${said}`);
}
