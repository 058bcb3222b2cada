import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { check } from '../../src/deadman/check.ts';
import { deadmanSettingsSchema, type DeadmanSettings } from '../../src/model/deadman-settings.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** How the agent's gateway behaves: a status, one that is asked for each time, silence, or a closed port. */
export type Behaviour = number | (() => number) | 'silent' | 'closed';

/**
 * A real gateway, a real restart program and real files for one watchdog whose intervals and cooldowns are nothing, so that every
 * check counts.
 */
export async function openWatch() {
  const directory = temporaryDirectory();
  const path = (...names: string[]): string => join(directory.path, ...names);
  const gateway = await openGateway();
  for (const name of ['run', 'etc']) mkdirSync(path(name));
  const config = path('etc', 'config.yaml');
  writeFileSync(config, 'model: good\n');
  writeFileSync(
    path('restart'),
    `#!/bin/sh\ncp ${path('state', 'state.json')} ${path('remembered')} 2>/dev/null\necho restarted >>${path('restarts')}\n`,
  );
  writeFileSync(path('tell'), `#!/bin/sh\ncat >>${path('told')}\n`);
  for (const name of ['restart', 'tell']) chmodSync(path(name), 0o755);
  makeRequestLog(path('request_log.db'));
  const settings = (): DeadmanSettings => ({
    schema: deadmanSettingsSchema,
    agent: 'ezra',
    state_dir: path('state'),
    runtime_dir: path('run'),
    snapshot_dir: path('snapshots'),
    snapshot_keep: 3,
    snapshot_after: 0,
    config: [config],
    limits: {
      check_interval: 0,
      failures: 3,
      clear_after: 2,
      max_restarts: 3,
      episode: 86_400_000,
      restart_cooldown: 0,
      startup_grace: 0,
      alert_cooldown: 0,
      suppress_at_most: 3_600_000,
      blocked_after: 0,
      action: 'restart',
    },
    gateway: { url: gateway.url, within: 200, ignore_statuses: [] },
    machine: { min_disk_free_percent: 0, max_swap_used_percent: 100 },
    restart: [path('restart')],
    restart_timeout: 5_000,
    alerts: [{ type: 'command', argv: [path('tell')] }],
    request_log: path('request_log.db'),
    reconciler_state: path('reconciler'),
  });
  const lines = (name: string): string[] => (existsSync(path(name)) ? readFileSync(path(name), 'utf8').trim().split('\n') : []);
  return {
    path,
    config,
    gateway,
    settings,
    /** So many checks, one after another; the last one's answer. */
    async check(count = 1, changed: (settings: DeadmanSettings) => DeadmanSettings = (same) => same) {
      for (let done = 1; done < count; done++) await check(changed(settings()));
      return check(changed(settings()));
    },
    restarts: () => lines('restarts').length,
    told: () => lines('told').map((line) => JSON.parse(line) as { id: string; text: string; notices: { state: string }[] }),
    rows: () => readRequestLog(path('request_log.db')),
    [Symbol.asyncDispose]: async () => {
      await gateway.close();
      directory[Symbol.dispose]();
    },
  };
}

async function openGateway() {
  let behaviour: Behaviour = 200;
  let port = 0;
  let server: Server | undefined;
  const listen = async (): Promise<void> => {
    server = createServer((_request, response) => {
      const status = typeof behaviour === 'function' ? behaviour() : behaviour;
      if (typeof status === 'number') response.writeHead(status).end('{}');
    });
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    closing?.closeAllConnections();
    if (closing) await new Promise((resolve) => closing.close(resolve));
  };
  await listen();
  return {
    url: `http://127.0.0.1:${port}/health`,
    close,
    async behave(next: Behaviour): Promise<void> {
      behaviour = next;
      if (next === 'closed') await close();
      else if (!server) await listen();
    },
  };
}

export function makeRequestLog(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(readFileSync('roles/request_log/files/request_log.sql', 'utf8'));
  database.close();
}

function readRequestLog(
  file: string,
): readonly { readonly model: string; readonly status: string; readonly error_message: string }[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database
    .prepare("SELECT model, status, error_message FROM request_log WHERE provider = 'deadman' ORDER BY id")
    .all();
  database.close();
  return rows as never;
}
