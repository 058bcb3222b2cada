import type { RolloutChange, RolloutHost, RolloutState } from '../../model/rollout.ts';

/** The state of a rollout while it changes; no change costs more in a larger fleet. */
interface ChangingState {
  readonly hosts: ReadonlyMap<string, RolloutHost>;
  /** By host, the first run there that began to carry the revision out. */
  readonly begun: ReadonlyMap<string, string>;
  readonly waves: ReadonlyMap<string, RolloutState['waves'][number]>;
  apply(change: RolloutChange): void;
  whole(): RolloutState;
}

export function changing(state: RolloutState): ChangingState {
  const hosts = new Map(Object.entries(state.hosts));
  const begun = new Map(Object.entries(state.begun ?? {}));
  const waves = new Map(state.waves.map((wave) => [wave.name, wave] as const));
  return {
    hosts,
    begun,
    waves,
    apply(change) {
      if ('wave' in change) {
        const { wave: name, ...changed } = change;
        const wave = waves.get(name);
        if (wave) waves.set(name, { ...wave, ...changed });
      } else if ('begun' in change) begun.set(change.host, change.begun);
      else {
        hosts.set(change.host, change.state);
        if (change.isNothing) begun.delete(change.host);
      }
    },
    whole: () => ({
      ...state,
      waves: [...waves.values()],
      begun: Object.fromEntries(begun),
      hosts: Object.fromEntries(hosts),
    }),
  };
}
