import type { Address, CatalogResource } from '../model/catalog.ts';
import { holdsSecret } from '../model/secret.ts';
import type { ReportedCheck } from '../model/report.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import { applyContext, ApplyError, type ApplyDeps } from './apply.ts';

/**
 * Does the refreshes that are owed, from this run and from runs that did not get to it, in the catalog's order. Each is
 * settled when it is done. `done` is filled, also when it throws: `ApplyError` at the first that fails.
 */
export async function refreshOwed(
  resources: readonly CatalogResource[],
  deps: ApplyDeps,
  done: ReportedCheck[],
  signal: AbortSignal,
): Promise<void> {
  const { run, state, types, emit } = deps;
  const owed = new Map(state.journal.owed().map((refresh) => [refresh.address, refresh]));
  for (const { address, kind, desired, mode } of resources) {
    const refresh = owed.get(address);
    const type = types(kind);
    if (!refresh || !type.refresh) continue;
    // It stays owed until the assignment enforces again.
    if (mode === 'observe') continue;
    signal.throwIfAborted();
    if (!canRefresh(type, desired, deps)) {
      settle(address, deps);
      continue;
    }
    emit({ type: 'refreshing', run, address });
    try {
      await type.refresh(desired, applyContext(address, deps, signal));
      await deps.host.commit(signal);
    } catch (error) {
      const { message } = error as Error;
      done.push({ name: address, ok: false, message });
      throw new ApplyError(address, new Error(`refresh failed: ${message}`, { cause: error }));
    }
    settle(address, deps);
    done.push({ name: address, ok: true, message: `because of ${refresh.because}` });
  }
}

/** At once: a crash must find it either owed or done. */
const settle = (address: Address, { state }: ApplyDeps): void => state.transaction(() => state.journal.settle(address));

/** Under `--root` there is nothing that could be restarted. */
const canRefresh = (type: AnyResourceType, desired: object, { host }: ApplyDeps): boolean =>
  host.live && type.unsupported?.(desired, host) === undefined;

/** Refreshes again, with the restored configuration, what the failed run refreshed or would have refreshed, whatever fails of it. */
export async function refreshRestored(
  addresses: readonly Address[],
  resources: readonly Pick<CatalogResource, 'address' | 'kind' | 'desired'>[],
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<readonly ReportedCheck[]> {
  const done: ReportedCheck[] = [];
  for (const { address, kind, desired } of resources) {
    const type = deps.types(kind);
    if (!addresses.includes(address) || !type.refresh) continue;
    try {
      if (!canRefresh(type, desired, deps)) {
        settle(address, deps);
        continue;
      }
      const last = deps.ledger.get(address)?.desired;
      // A program that the failed run brought is gone with it, and there is nothing that it could have been told before.
      const isGone = type.commands?.(desired).some((program) => program.startsWith('/') && !deps.host.stat(program)) === true;
      if (last === undefined && isGone) {
        settle(address, deps);
        continue;
      }
      deps.emit({ type: 'refreshing', run: deps.run, address });
      // The ledger knows secrets by digest only; then the present one must do.
      await type.refresh(last === undefined || holdsSecret(last) ? desired : last, applyContext(address, deps, signal));
      await deps.host.commit(signal);
      settle(address, deps);
      done.push({ name: address, ok: true, message: 'after the rollback' });
    } catch (error) {
      done.push({ name: address, ok: false, message: `refresh after the rollback failed: ${(error as Error).message}` });
    }
  }
  return done;
}

/** Those that failed, each as one text. */
export const failuresOf = (checks: readonly ReportedCheck[]): readonly string[] =>
  checks.filter(({ ok }) => !ok).map(({ name, message }) => `${name}: ${message}`);
