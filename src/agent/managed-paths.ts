import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { openState } from '../state/state.ts';

/** Every path of this host that runs have put under management, as `watches` of the kinds names them. */
export async function managedPaths(stateDirectory: string): Promise<readonly string[]> {
  const state = openState(stateDirectory, { readOnly: true });
  const entries = [...(state?.ledger.all().values() ?? [])];
  state?.close();
  await loadResourceTypes(entries.map(({ kind }) => kind));
  return entries.flatMap(({ kind, desired }) => resourceType(kind).watches?.(desired) ?? []);
}
