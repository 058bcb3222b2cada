import type { Target } from '../model/fleet.ts';
import { ConnectionError } from './connection.ts';
import { inParallel } from './in-parallel.ts';
import { describeKey } from './ssh/public-key.ts';
import { enrolHost } from './ssh/enrol-host.ts';
import { judgeHostKey, type KeyVerdict } from './ssh/host-key.ts';
import type { Routes } from './ssh/routes.ts';
import { showHostKey } from './ssh/show-host-key.ts';

/** What a host shows of itself to somebody who may not know it yet. */
export type Meeting =
  | {
      readonly host: string;
      readonly judged: KeyVerdict;
      /** `ED25519 key SHA256:... of [192.0.2.7]:2222, through bastion.example`. */
      readonly shown: string;
      /** Adds its key to the user's known_hosts. Throws a `ConnectionError` when a line there must not be replaced. */
      readonly enrol: () => void;
      /** The file that `enrol` writes. */
      readonly file: string;
    }
  | { readonly host: string; readonly failure: ConnectionError };

/** Hosts at the same time. */
const atOnce = 30;

/** Has every host show its key, in the order of the targets; nothing is sent to them and nothing is written. */
export async function meetHosts(targets: readonly Target[], routes: Routes, signal: AbortSignal): Promise<readonly Meeting[]> {
  const meetings = new Map<string, Meeting>();
  await inParallel(targets, atOnce, async (target) => void meetings.set(target.name, await meet(target, routes, signal)));
  return targets.flatMap(({ name }) => meetings.get(name) ?? []);
}

async function meet(target: Target, routes: Routes, signal: AbortSignal): Promise<Meeting> {
  const host = target.name;
  try {
    const route = await routes.find(target);
    const { known, settings, jumps } = route;
    const [file] = settings.knownHostsFiles;
    if (file === undefined) throw new ConnectionError('untrusted', `the SSH configuration names no known_hosts file for ${host}`);
    const key = await showHostKey(await routes.reach(route, signal), known, settings.connectTimeout, signal);
    const replaced = known.lines.filter((line) => line.role === 'trusted');
    return {
      host,
      judged: judgeHostKey(known, key),
      shown: `${describeKey(key)} of ${known.name}${jumps === '' ? '' : `, through ${jumps}`}`,
      enrol: () => enrolHost({ known, key, file, isHashed: settings.hashKnownHosts, replaced }),
      file,
    };
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    return { host, failure: error };
  }
}
