import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalHost } from '../host/local-host.ts';
import type { Catalog } from '../model/catalog.ts';
import type { HealthCheck } from '../model/document.ts';
import { milliseconds } from '../model/duration.ts';
import type { ReportedCheck } from '../model/report.ts';

/** How long one try of a check may take, and the pause before the next. Milliseconds. */
const tryTimeout = 5000;
const pause = 500;

type Health = Catalog['health'][number];

/** Tries every check until it holds or its `within` is over. Only on a live host: a sandbox has no services. */
export function checkHealth(health: readonly Health[], host: LocalHost, signal: AbortSignal): Promise<ReportedCheck[]> {
  return Promise.all(
    health.map(async ({ role, check }) => ({ name: `${role}: ${describe(check)}`, ...(await tryUntil(check, host, signal)) })),
  );
}

async function tryUntil(
  check: HealthCheck,
  host: LocalHost,
  signal: AbortSignal,
): Promise<{ readonly ok: boolean; readonly message?: string }> {
  const deadline = performance.now() + windowOf(check);
  for (;;) {
    const failure = await tryOnce(check, host, signal).catch((error: unknown) => (error as Error).message);
    if (failure === undefined) return { ok: true };
    signal.throwIfAborted();
    if (performance.now() + pause >= deadline) return { ok: false, message: failure };
    await sleep(pause, undefined, { signal });
  }
}

function windowOf(check: HealthCheck): number {
  if ('file_age' in check) return 0;
  if ('http' in check) return milliseconds(check.http.within);
  return milliseconds('tcp' in check ? check.tcp.within : check.command.within);
}

function describe(check: HealthCheck): string {
  if ('http' in check) return `http ${check.http.url}`;
  if ('tcp' in check) return `tcp ${check.tcp.host}:${check.tcp.port}`;
  if ('command' in check) return `command ${check.command.argv.join(' ')}`;
  return `file_age ${check.file_age.path}`;
}

/** Undefined when it holds, else what was seen instead. */
async function tryOnce(check: HealthCheck, host: LocalHost, signal: AbortSignal): Promise<string | undefined> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(tryTimeout)]);
  if ('http' in check) {
    const { status } = await fetch(check.http.url, { signal: bounded, redirect: 'manual' });
    return status === check.http.status ? undefined : `answered ${status}, expected ${check.http.status}`;
  }
  if ('tcp' in check) return tryTcp(check.tcp.host, Number(check.tcp.port), bounded);
  if ('command' in check) {
    const [command = '', ...rest] = check.command.argv;
    const { exitCode, stderr } = await host.query([command, ...rest], signal, { timeout: milliseconds(check.command.within) });
    return exitCode === 0 ? undefined : `exit ${exitCode}: ${stderr.trim().split('\n').at(-1) ?? ''}`;
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

function fileAge(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && Date.now() - stat.mtimeMs;
}
