import { readFileSync, writeFileSync } from 'node:fs';
import { bootHost, type Host } from './boot-host.ts';

/** Hosts that boot at the same time. */
const atOnce = 6;
/** Every systemd watches several places; Linux gives one user 128 in all, which is enough for some ten hosts. */
const watchLimit = '/proc/sys/fs/inotify/max_user_instances';
const enough = 8_192;

/** Boots hosts by these names, some at a time. The machine's limit for watches is raised while they are there. */
export async function bootMany(
  names: readonly string[],
  options: { readonly bare?: boolean } = {},
): Promise<AsyncDisposable & { readonly hosts: readonly Host[] }> {
  await using cleanup = new AsyncDisposableStack();
  const before = readFileSync(watchLimit, 'utf8');
  if (Number(before) < enough) {
    writeFileSync(watchLimit, String(enough));
    cleanup.defer(() => writeFileSync(watchLimit, before));
  }
  const hosts: Host[] = [];
  for (let from = 0; from < names.length; from += atOnce) {
    const batch = names.slice(from, from + atOnce).map(async (name) => cleanup.use(await bootHost({ name, ...options })));
    hosts.push(...(await Promise.all(batch)));
  }
  const scope = cleanup.move();
  return { hosts, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}
