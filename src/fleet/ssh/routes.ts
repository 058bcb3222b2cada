import type { Duplex } from 'node:stream';
import { ownAccount } from '../../host/own-account.ts';
import { isHostName } from '../../inventory/names.ts';
import type { Target } from '../../model/fleet.ts';
import { formatProblem, type Problem } from '../../model/problem.ts';
import { ConnectionError } from '../connection.ts';
import { untilAborted } from '../until-aborted.ts';
import { askSecretly } from './ask-secretly.ts';
import { dial } from './dial.ts';
import { findKnownHost, type KnownHost } from './host-key.ts';
import { openKeyRing } from './identities.ts';
import { mostJumps, parseJumps } from './jump.ts';
import { indexKnownHosts, readKnownHosts } from './known-hosts.ts';
import { openClient, said, type OpenClient } from './open-client.ts';
import { openProxyCommand } from './proxy-command.ts';
import { readRevokedKeys, type RevokedKeys } from './revoked-keys.ts';
import { openSettings, type Destination, type OperatorPlace, type SshSettings } from './settings.ts';
import { within } from './within.ts';

export interface RouteOptions extends Partial<OperatorPlace> {
  /** Asks a person for the passphrase of a key; undefined where they give none. The default asks where there is a terminal. */
  readonly askPassphrase?: (question: string) => Promise<string | undefined>;
}

/** How one host is reached, and by what it is known. */
interface Route {
  readonly name: string;
  readonly settings: SshSettings;
  readonly known: KnownHost;
  /** Jump hosts, as `ProxyJump` has them; empty where there are none. */
  readonly jumps: string;
  /** Ways on which this one is a part. */
  readonly path: readonly string[];
}

/** The ways to hosts, for one command. All reject with a `ConnectionError`. */
export interface Routes extends AsyncDisposable {
  /** Asks nothing of the host itself. */
  find(target: Target): Promise<Route>;
  /** A stream to the host's SSH port, through its jump hosts, whose keys are known ones. */
  reach(route: Route, stop: AbortSignal): Promise<Duplex>;
  open(route: Route, stop: AbortSignal): Promise<OpenClient>;
}

/** A jump host is connected to once for all that are reached through it, until the end of the command. Files, agents and `ssh -G` are read once. */
export function openRoutes(signal: AbortSignal, options: RouteOptions): Routes {
  const own = ownAccount();
  const settingsOf = openSettings({ home: own.home, account: own.name, environment: process.env, ...options });
  const closing = new AbortController();
  // Nobody waits for an answer any more when the command is done with its hosts.
  const asking = AbortSignal.any([signal, closing.signal]);
  const keys = openKeyRing(options.askPassphrase ?? ((question) => askSecretly(question, asking)));
  const hops = new Map<string, Promise<OpenClient>>();
  /** For which way the last jump host of a way waits, while it is opened. */
  const waits = new Map<string, string>();
  const files = new Map<string, ReturnType<typeof indexKnownHosts>>();
  const revokedFiles = new Map<string, RevokedKeys>();

  const knownIn = (file: string): ReturnType<typeof indexKnownHosts> => {
    const read = files.get(file) ?? indexKnownHosts(readKnownHosts(file));
    files.set(file, read);
    return read;
  };

  const revokedIn = (file: string): RevokedKeys => {
    const read = revokedFiles.get(file) ?? readRevokedKeys(file);
    revokedFiles.set(file, read);
    return read;
  };

  /** `way`: the jump hosts, where they are given and not those of the configuration. */
  async function find(name: string, destination: Destination, way: string | undefined, path: readonly string[]): Promise<Route> {
    const settings = await settingsOf(destination);
    const { hostname, port, hostKeyAlias: alias, proxyJump, knownHostsFiles, revokedKeysFiles } = settings;
    const jumps = way ?? proxyJump ?? '';
    if (path.includes(jumps) || path.length > mostJumps) throw circle(name, jumps);
    const known = findKnownHost(
      { hostname, port, alias, inventoryName: path.length === 0 ? name : undefined },
      [...new Set(knownHostsFiles)].map((file) => ({ file, about: knownIn(file) })),
      revokedKeysFiles.map(revokedIn),
    );
    return { name, settings, known, jumps, path };
  }

  async function reach({ name, settings, jumps, path }: Route, stop: AbortSignal): Promise<Duplex> {
    if (jumps === '' && settings.proxyCommand !== undefined) return openProxyCommand(name, settings.proxyCommand, settings);
    if (jumps === '') return dial(settings.hostname, settings.port, settings.connectTimeout, stop);
    const asker = path.at(-1);
    if (asker !== undefined) waitFor(jumps, asker, name);
    return through(await untilAborted(hopOf(jumps, path), stop), { settings, name, jumps }, stop);
  }

  /** Two that others began to open may wait for each other. */
  function waitFor(way: string, asker: string, name: string): void {
    for (let next: string | undefined = way; next !== undefined; next = waits.get(next))
      if (next === asker) throw circle(name, way);
    waits.set(asker, way);
  }

  async function open(route: Route, stop: AbortSignal): Promise<OpenClient> {
    const { settings } = route;
    const identities = await keys.identitiesFor(settings);
    try {
      return await openClient(await reach(route, stop), { ...route, identities }, stop);
    } catch (error) {
      const isLocked = error instanceof ConnectionError && error.absence === 'denied' && settings.mayAsk;
      const opened = isLocked ? await Promise.all(identities.locked.map((file) => keys.unlock(file))) : [];
      if (!opened.includes(true)) throw error;
      return openClient(await reach(route, stop), { ...route, identities: await keys.identitiesFor(settings) }, stop);
    }
  }

  /** The connection to the last jump host of a way; a new one where there was none, or it was lost. */
  function hopOf(way: string, path: readonly string[]): Promise<OpenClient> {
    const found = hops.get(way);
    if (found) return found;
    const opening = openHop(way, [...path, way]);
    const forget = (): void => void (hops.get(way) === opening && hops.delete(way));
    hops.set(way, opening);
    const waitIsOver = (): void => void waits.delete(way);
    opening.then(waitIsOver, waitIsOver);
    opening.then(({ gone }) => gone.addEventListener('abort', forget), forget);
    return opening;
  }

  async function openHop(way: string, path: readonly string[]): Promise<OpenClient> {
    const jumps = parseJumps(way);
    const last = jumps?.at(-1);
    if (!last) throw new ConnectionError('unreachable', `the ProxyJump "${said(way)}" is not [user@]host[:port],...`);
    const before = way.split(',').slice(0, -1).join(',');
    const destination = { ...last, identity: undefined, sshOptions: [] };
    try {
      const route = await find(last.address, destination, before === '' ? undefined : before, path);
      // Not with the signal of whoever asks first: others wait for the same connection.
      return await open(route, signal);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      const { absence, hint, isPassing } = error;
      throw new ConnectionError(absence, `on the way: ${error.message}`, { ...(hint !== undefined && { hint }), isPassing });
    }
  }

  return {
    async find(target) {
      if (target.problems) throw misdescribed(target.name, target.problems);
      if (target.otherConnection !== undefined) throw notBySsh(target.name, target.otherConnection);
      return await find(target.name, target, undefined, []);
    },
    reach,
    open,
    async [Symbol.asyncDispose]() {
      closing.abort();
      const opened = await Promise.allSettled(hops.values());
      await Promise.all(opened.map(async (hop) => hop.status === 'fulfilled' && hop.value[Symbol.asyncDispose]()));
    },
  };
}

const circle = (name: string, jumps: string): ConnectionError =>
  new ConnectionError('unreachable', `the way to ${name} is through ${said(jumps)}, which leads in a circle`);

async function through(
  { ssh, gone }: OpenClient,
  { name, settings: { hostname, port, connectTimeout }, jumps }: Pick<Route, 'name' | 'settings' | 'jumps'>,
  stop: AbortSignal,
): Promise<Duplex> {
  const unreachable = (why: string): ConnectionError =>
    new ConnectionError('unreachable', `${name} cannot be reached through ${said(jumps)} (${why})`, { isPassing: true });
  try {
    return await within(ssh.forwardOut('127.0.0.1', 0, hostname, port), {
      timeout: connectTimeout,
      gone,
      slow: unreachable(`it does not answer within ${connectTimeout / 1000} s`),
      signal: stop,
      late: (made) => made.close(),
    });
  } catch (error) {
    stop.throwIfAborted();
    throw error instanceof ConnectionError ? error : unreachable(said((error as Error).message));
  }
}

function misdescribed(name: string, [first, ...others]: readonly Problem[]): ConnectionError {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  // Not every name can stand in a pattern.
  const without = isHostName(name) ? `; --limit "all:!${name}" leaves it out` : '';
  const hint = `reconcile validate shows everything${without}`;
  return new ConnectionError('invalid', `${formatProblem(first!)}${more}`, { hint });
}

function notBySsh(name: string, connection: string): ConnectionError {
  const others = `--limit "all:!${name}" leaves it out`;
  const hint = connection === 'local' ? `on ${name} itself: reconcile; ${others}` : others;
  const message = `"ansible_connection" of ${name} is ${JSON.stringify(connection.slice(0, 80))}; only SSH is spoken here`;
  return new ConnectionError('unreachable', message, { hint });
}
