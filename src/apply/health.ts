import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostReader } from '../host/host.ts';
import { httpStatus } from '../host/http-status.ts';
import type { Catalog } from '../model/catalog.ts';
import type { HealthCheck } from '../model/document.ts';
import { milliseconds } from '../model/duration.ts';
import { lastLines } from '../model/last-lines.ts';
import type { ReportedCheck } from '../model/report.ts';
import { describeLive, isUp, surveyUnits, unitKey } from '../resources/units/systemctl.ts';
import { withSuffix } from '../resources/units/unit-place.ts';

/** How long one try over the network may take, how long each try may take at least, and the pause before the next. Milliseconds. */
const networkTimeout = 5000;
const leastTimeout = 250;
const pause = 500;

type UnitCheck = Extract<HealthCheck, { unit: unknown }>['unit'];
type Health = Catalog['health'][number];

interface Asking {
  readonly host: HostReader;
  readonly signal: AbortSignal;
  /** Whether it is told what a command printed. */
  readonly quotes: boolean;
}

/** Tries every check until it holds or its `within` is over. Only on a live host: a sandbox has no services. */
export function checkHealth(
  health: readonly Health[],
  host: HostReader,
  signal: AbortSignal,
  { quotes = true }: { readonly quotes?: boolean } = {},
): Promise<ReportedCheck[]> {
  const asking = { host, signal, quotes };
  return Promise.all(
    health.map(async ({ role, check }) => ({ name: `${role}: ${describe(check)}`, ...(await tryUntil(check, asking)) })),
  );
}

async function tryUntil(check: HealthCheck, asking: Asking): Promise<{ readonly ok: boolean; readonly message?: string }> {
  const { signal } = asking;
  const deadline = performance.now() + windowOf(check);
  let said: string | undefined;
  for (;;) {
    const limit = Math.ceil(Math.max(leastTimeout, deadline - performance.now()));
    const failure = await tryOnce(check, asking, limit).catch(reasonOf);
    signal.throwIfAborted();
    if (failure === undefined) return { ok: true };
    // The last try may be cut short by the end of its time, and the one before has said more.
    if (failure !== tooSlow) said = failure;
    if (performance.now() + pause >= deadline) return { ok: false, message: said ?? failure };
    await sleep(pause, undefined, { signal });
  }
}

const tooSlow = 'no answer in time';

function reasonOf(thrown: unknown): string {
  const error = thrown as Error & { readonly code?: unknown };
  if (error.name === 'TimeoutError' || error.code === 'ABORT_ERR') return tooSlow;
  // A name with several addresses fails once for each.
  return error instanceof AggregateError ? error.errors.map((each: Error) => each.message).join('; ') : error.message;
}

function windowOf(check: HealthCheck): number {
  if ('file_age' in check) return 0;
  if ('http' in check) return milliseconds(check.http.within);
  if ('unit' in check) return milliseconds(check.unit.within) + milliseconds(check.unit.active_for);
  return milliseconds('tcp' in check ? check.tcp.within : check.command.within);
}

function describe(check: HealthCheck): string {
  if ('http' in check) return `http ${check.http.url}`;
  if ('tcp' in check) return `tcp ${check.tcp.host}:${check.tcp.port}`;
  if ('command' in check) return `command ${check.command.argv.join(' ')}`;
  if ('unit' in check) return `unit ${check.unit.name}`;
  return `file_age ${check.file_age.path}`;
}

/** Undefined when it holds, else what was seen instead. `limit` in milliseconds. */
async function tryOnce(check: HealthCheck, { host, signal, quotes }: Asking, limit: number): Promise<string | undefined> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(Math.min(limit, networkTimeout))]);
  if ('http' in check) {
    const status = await httpStatus(check.http.url, bounded);
    return status === check.http.status ? undefined : `answered ${status}, expected ${check.http.status}`;
  }
  if ('tcp' in check) return tryTcp(check.tcp.host, Number(check.tcp.port), bounded);
  if ('unit' in check) return tryUnit(check.unit, host, bounded);
  if ('command' in check) {
    const [command = '', ...rest] = check.command.argv;
    const { exitCode, timedOut, stdout, stderr } = await host.query([command, ...rest], signal, { timeout: limit });
    if (exitCode === 0) return undefined;
    const said = quotes
      ? lastLines(stderr.trim() || stdout)
          .split('\n')
          .at(-1)!
      : '';
    return timedOut ? tooSlow : `exit ${exitCode}${said && `: ${said}`}`;
  }
  const age = fileAge(host.realPath(check.file_age.path));
  if (age === undefined) return 'the file does not exist';
  return age <= milliseconds(check.file_age.max) ? undefined : `the file is ${Math.round(age / 1000)} s old`;
}

function tryTcp(host: string, port: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}

/** A unit that is started again and again is never active for long. */
async function tryUnit(wanted: UnitCheck, host: HostReader, signal: AbortSignal): Promise<string | undefined> {
  const place = { name: withSuffix(wanted.name), ...(wanted.user !== undefined && { user: wanted.user }) };
  const { units } = await surveyUnits([place], { host, signal });
  const live = units.get(unitKey(place));
  if (!live || !isUp(live)) return live ? `it is ${describeLive(live)}` : `no service manager of ${wanted.user} runs`;
  const age = Number(process.hrtime.bigint() / 1000n) - live.activeSince;
  if (age >= milliseconds(wanted.active_for) * 1000) return undefined;
  return `it has been active for ${Math.floor(age / 1_000_000)} s only`;
}

function fileAge(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && Date.now() - stat.mtimeMs;
}
