/** Where an alert goes. Secrets are named by their files. */
export type DeadmanAlert =
  | { readonly type: 'telegram'; readonly chat_id: string; readonly token_file: string; readonly api: string }
  | { readonly type: 'webhook'; readonly url: string; readonly secret_file?: string }
  | { readonly type: 'command'; readonly argv: readonly string[] };

/** When a watchdog acts, and how often. Milliseconds where it is a time. */
export interface DeadmanLimits {
  readonly check_interval: number;
  /** Bad checks in a row before anything is done. */
  readonly failures: number;
  /** Good checks in a row before it counts as recovered. */
  readonly clear_after: number;
  readonly max_restarts: number;
  /** The time in which restarts are counted. */
  readonly episode: number;
  readonly restart_cooldown: number;
  readonly startup_grace: number;
  /** The same message is not sent again within this time. */
  readonly alert_cooldown: number;
  /** A run that has the reconciler's lock for longer no longer keeps the watchdog quiet. */
  readonly suppress_at_most: number;
  readonly blocked_after: number;
  /** The reconciler's own agent gave no sign of life for so long: that is told, and later told as a failure of the host. */
  readonly silence_note?: number;
  readonly silence_alarm?: number;
  /** Between two tests of the ways to people. */
  readonly alarm_test_every?: number;
  /** A message that somebody has not taken for so long is told to the others. */
  readonly unheard_after?: number;
  /** What comes after restarts that did not help. */
  readonly action: 'restart' | 'rollback';
}

/**
 * What the watchdog of one agent knows: the file that the `deadman` kind writes. Complete, so that the watchdog has no defaults
 * and no schema of its own. Times are milliseconds.
 */
export interface DeadmanSettings {
  readonly schema: typeof deadmanSettingsSchema;
  readonly agent: string;
  readonly state_dir: string;
  /** On another file system, for a disk that is full. */
  readonly runtime_dir: string;
  readonly snapshot_dir: string;
  readonly snapshot_keep: number;
  /** Without a unit: how long a configuration must have stood before health counts as its proof. */
  readonly snapshot_after: number;
  readonly config: readonly string[];
  readonly limits: DeadmanLimits;
  readonly unit?: {
    readonly name: string;
    readonly scope: 'system' | 'user';
    readonly max_restarts: number;
    readonly max_memory_mib?: number;
    readonly max_cpu_percent?: number;
  };
  readonly heartbeat?: {
    readonly stamp: string;
    readonly timeout: number;
    /** False: one that never came is not missed; one that came once is. */
    readonly required: boolean;
  };
  readonly gateway?: { readonly url: string; readonly within: number; readonly ignore_statuses: readonly number[] };
  readonly machine: { readonly min_disk_free_percent: number; readonly max_swap_used_percent: number };
  readonly restart?: readonly string[];
  readonly restart_timeout: number;
  readonly alerts: readonly DeadmanAlert[];
  readonly request_log?: string;
  readonly log?: string;
  readonly reconciler_state: string;
}

export const deadmanSettingsSchema = 'reconcile.deadman/1';
