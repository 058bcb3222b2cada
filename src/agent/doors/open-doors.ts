import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import type { AgentPort } from '../../model/agent.ts';
import type { AgentPolicy } from '../../model/host-policy-document.ts';
import { monotonic } from '../../model/monotonic.ts';
import { reportSchema } from '../../report/report-schema.ts';
import { statusSchema } from '../../report/status-schema.ts';
import { ExitError } from '../../model/exit-error.ts';
import { addApi } from './api.ts';
import { addControl } from './control.ts';
import { listenAt } from './control-socket.ts';
import { addDashboard } from './dashboard.ts';
import { openEventStream } from './event-stream.ts';
import { openFailureBudget } from './failure-budget.ts';
import { addHooks } from './hooks.ts';
import { loadHooks, tokenPurpose } from './load-hooks.ts';
import { openMetrics } from './metrics.ts';
import { documentRoutes } from './openapi.ts';
import { addReceive } from './receive.ts';
import { addProbes } from './probes.ts';
import { openSecret } from './read-secret.ts';
import { makeServer, type DoorLog, type DoorServer } from './server.ts';
import { sharedCheck } from './shared-check.ts';
import { requireToken } from './token.ts';

interface DoorSettings {
  readonly port: AgentPort;
  readonly policy: AgentPolicy;
  /** Whether a hook's word of a pull request makes it look. */
  readonly plansPulls: boolean;
  /** Path of the unix control socket, in the state directory. */
  readonly socket: string;
  readonly log: DoorLog;
}

interface Doors {
  /** Where HTTP is served; undefined where the policy has no `listen`. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  /** Ends every connection. */
  close(): Promise<void>;
}

const named = { Report: reportSchema, Status: statusSchema };
/** Milliseconds; longer than the heartbeat of the event stream. */
const idle = 30_000;

/**
 * Opens the control socket and, where the policy says so, the HTTP port. Throws, with nothing left open, for secrets that
 * cannot be used, a port that is taken, and a socket at which another agent listens.
 */
export async function openDoors({ port, policy, plansPulls, socket, log }: DoorSettings): Promise<Doors> {
  const hooks = loadHooks(policy, log);
  const token = policy.api_token_file === undefined ? undefined : openSecret(policy.api_token_file, tokenPurpose, log);
  const events = openEventStream(port);
  const check = sharedCheck(() => port.check());
  const metrics = openMetrics(port, events.count);
  const opened: DoorServer[] = [];
  const close = async (): Promise<void> => {
    events.close();
    metrics.close();
    await Promise.all(opened.map((server) => server.close()));
  };
  try {
    const control = makeServer({ log, idle: 0, isPatient: true });
    opened.push(control);
    const describeControl = documentRoutes(control, named);
    addProbes(control, { port, metrics });
    addApi(control, { port, check, events, describe: describeControl });
    addControl(control, port);
    await addReceive(control, port, dirname(socket));
    await listenAt(socket, control);
    if (!policy.listen) return { address: undefined, close };

    const http = makeServer({ log, idle });
    opened.push(http);
    const describe = documentRoutes(http, named);
    const budget = openFailureBudget(monotonic);
    addProbes(http, { port, metrics });
    await addHooks(http, { hooks, port, plansPulls, budget, log, now: monotonic, count: metrics.countHook });
    await http.register(async (scope: DoorServer) => {
      requireToken(scope, { token, budget, log });
      addApi(scope, { port, check, events, describe });
      addDashboard(scope, { port, check });
    });
    return { address: await listen(http, policy.listen), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(server: DoorServer, { address, port }: NonNullable<AgentPolicy['listen']>): Promise<Doors['address']> {
  try {
    await server.listen({ host: address, port });
  } catch (error) {
    const hint = 'change agent.listen in the host policy, or stop what uses it';
    throw new ExitError('usage', `HTTP cannot be served at ${address}, port ${port}: ${(error as Error).message}`, hint);
  }
  const bound = server.addresses()[0] as AddressInfo;
  return { host: bound.address, port: bound.port };
}
