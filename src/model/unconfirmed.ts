import type { Catalog } from './catalog.ts';

/** Who proves that a change has not cut the host off: its own remote, or a person on a new connection. */
export type Witness = 'remote' | 'person';

/** A run that is taken back unless it is confirmed in time. */
export interface Unconfirmed {
  readonly run: string;
  readonly by: Witness;
  /** Addresses of the resources that could cut the host off. */
  readonly because: readonly string[];
  /** Over which connection it was made, as SSH_CONNECTION says it: that one proves nothing. */
  readonly connection?: string;
  /** What must hold, beside the witness. */
  readonly health: Catalog['health'];
  /** When its time began. Milliseconds since 1970. */
  readonly since: number;
  /** In which start of the host that was, and how many milliseconds after it. */
  readonly boot: string;
  readonly uptime: number;
  /** Milliseconds. */
  readonly within: number;
  /** The run that took it back. Nobody who followed it knows yet. */
  readonly takenBack?: string;
}

/** What people are told of it. */
export interface Confirmation {
  /** The run that waits, or waited: this one, or an earlier one on top of which nothing is built meanwhile. */
  readonly run: string;
  readonly state: 'waiting' | 'confirmed' | 'taken-back';
  readonly by: Witness;
  readonly because: readonly string[];
  /** ISO 8601. */
  readonly until: string;
}

/** What a report or a status says of a run that still waits. */
export const confirmationOf = ({ run, by, because, since, within }: Unconfirmed): Confirmation => ({
  run,
  state: 'waiting',
  by,
  because,
  until: new Date(since + within).toISOString(),
});

/** Whether a run is done when its remote has answered. */
export const awaitsRemote = ({ run, confirmation }: { readonly run: string; readonly confirmation?: Confirmation }): boolean =>
  confirmation?.run === run && confirmation.state === 'waiting' && confirmation.by === 'remote';
