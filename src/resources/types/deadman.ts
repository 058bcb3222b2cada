import type { AbsolutePath } from '../../host/host.ts';
import { deadmanSettingsSchema, type DeadmanSettings } from '../../model/deadman-settings.ts';
import { milliseconds } from '../../model/duration.ts';
import { sha256 } from '../../model/json.ts';
import { converged, type Change, type Diff } from '../../model/plan.ts';
import { deadmanSpec } from '../deadman-spec.ts';
import { formatMode } from '../file-mode.ts';
import { formerFile, formerIn } from '../former-file.ts';
import { defineResourceType, type AttributesOf } from '../resource-type.ts';
import { withSuffix } from '../units/unit-place.ts';
import { cron } from './cron.ts';

type Attributes = AttributesOf<typeof deadmanSpec>;
type CronDesired = NonNullable<ReturnType<typeof cron.prepare>>;
type CronUndo = Awaited<ReturnType<NonNullable<typeof cron.undo>['capture']>>;
type CronState = Awaited<ReturnType<typeof cron.inspect>>;

interface Desired {
  readonly path: AbsolutePath;
  /** The settings as they stand in the file; null: gone. */
  readonly settings: string | null;
  readonly cron: CronDesired;
  readonly unit: string | null;
  /** Programs that the watchdog runs. */
  readonly programs: readonly string[];
}

type State = {
  /** Digest of the settings, or null. */
  readonly settings: string | null;
  readonly mode: string | null;
  readonly uid: number | null;
  readonly cron: CronState;
  /** Settings that it had at another path, and its job in another place, that still stand. */
  readonly former: string | null;
  readonly formerJob: CronDesired | null;
};

const settingsMode = 0o644;
const formerJob = 'cron former job';

/** The one watchdog of an agent: its settings, and the cron job that runs `reconcile deadman check`. */
export const deadman = defineResourceType({
  kind: 'deadman',
  summary: 'Watches an agent: restarts it when it is dead, rolls its configuration back where asked to, raises the alarm, stops.',
  spec: deadmanSpec,
  identify: ({ agent }) => agent,

  prepare(attributes, context): Desired | undefined {
    const { agent, ensure, unit, restart, alerts, program } = attributes;
    const path = attributes.settings ?? `/etc/reconcile-deadman/${agent}.json`;
    const schedule = scheduleOf(milliseconds(attributes.check_interval));
    if (schedule === undefined) {
      context.problem('check_interval', 'must be whole minutes that divide an hour: 1m, 2m, 5m, 10m, 15m, 30m, 1h');
      return undefined;
    }
    const words = [...program, 'check', '--settings', path, '--quiet'];
    const { user, in: where } = attributes;
    const entry = { name: `deadman-${agent}`, schedule, command: words.map(quoted).join(' '), user, env: {}, in: where, ensure };
    const job = cron.prepare(entry, context);
    if (!job) return undefined;
    return {
      path,
      settings: ensure === 'absent' ? null : `${JSON.stringify(settingsOf(attributes), null, 2)}\n`,
      cron: job,
      unit: unit ? withSuffix(unit.name) : null,
      programs: [
        ...(restart ? [restart[0] as string] : unit ? ['systemctl'] : []),
        ...alerts.flatMap((alert) => (alert.type === 'command' ? [alert.argv[0] as string] : [])),
      ],
    };
  },

  async inspect({ path, cron: job }, context): Promise<State> {
    const { host } = context;
    const last = context.last as Desired | undefined;
    const moved = movedJob(job, last);
    const bytes = host.readFile(path);
    const stat = bytes && host.stat(path);
    return {
      settings: bytes ? sha256(bytes) : null,
      mode: stat ? formatMode(stat.mode) : null,
      uid: stat && host.privileged ? stat.uid : null,
      cron: await cron.inspect(job, { ...context, last: undefined }),
      former: last && last.path !== path && host.stat(last.path)?.type === 'file' ? last.path : null,
      formerJob:
        moved && cron.diff(moved, await cron.inspect(moved, { ...context, last: undefined })).action !== 'none' ? moved : null,
    };
  },

  diff({ settings, cron: job }, actual): Diff {
    const changes: Change[] = [];
    const to = settings === null ? null : sha256(settings);
    if (actual.settings !== to) changes.push({ field: 'settings', from: actual.settings, to });
    if (to !== null && actual.mode !== null && actual.mode !== formatMode(settingsMode))
      changes.push({ field: 'mode', from: actual.mode, to: formatMode(settingsMode) });
    if (to !== null && actual.uid !== null && actual.uid !== 0) changes.push({ field: 'owner', from: actual.uid, to: 0 });
    const entry = cron.diff(job, actual.cron);
    if (entry.action !== 'none') changes.push(...entry.changes.map((change) => ({ ...change, field: `cron ${change.field}` })));
    if (actual.former !== null) changes.push({ field: formerFile, from: actual.former, to: null });
    if (actual.formerJob !== null) changes.push({ field: formerJob, from: { ...actual.formerJob }, to: null });
    if (changes.length === 0) return converged;
    if (to === null) return { action: 'remove', changes };
    return { action: actual.settings === null && actual.cron.entry === null ? 'create' : 'update', changes };
  },

  async apply({ path, settings, cron: job }, changes, context) {
    const { host } = context;
    const isAbout = (part: 'cron' | 'settings'): boolean =>
      changes.some(({ field }) => field.startsWith('cron ') === (part === 'cron'));
    // The job goes first and comes last: it never runs without its settings.
    for (const moved of formerJobsIn(changes)) await cron.apply(moved, [], context);
    if (settings === null && isAbout('cron')) await cron.apply(job, [], context);
    if (isAbout('settings')) {
      if (settings === null) host.remove(path);
      else host.writeFile(path, Buffer.from(settings), { mode: settingsMode, ...(host.privileged && { uid: 0, gid: 0 }) });
    }
    for (const former of formerIn(changes)) host.remove(former);
    if (settings !== null && isAbout('cron')) await cron.apply(job, [], context);
  },

  watches: ({ path, cron: job }) => [path, ...(cron.watches?.(job) ?? [])],
  owns: ({ path, cron: job }) => [path, ...(cron.owns?.(job) ?? [])],
  touches: ({ path, cron: job }, changes, host) => [
    path,
    ...formerIn(changes),
    ...[job, ...formerJobsIn(changes)].flatMap((each) => cron.touches?.(each, changes, host) ?? []),
  ],
  writes: ({ cron: job }, changes) => [job, ...formerJobsIn(changes)].flatMap((each) => cron.writes?.(each, changes) ?? []),

  undo: {
    async capture({ cron: job }, context): Promise<CronUndo & { readonly former?: CronUndo }> {
      const moved = movedJob(job, context.last as Desired | undefined);
      const captureJob = (each: CronDesired) => cron.undo!.capture(each, { ...context, last: undefined });
      return { ...(await captureJob(job)), ...(moved && { former: await captureJob(moved) }) };
    },
    async restore({ former, ...own }, context) {
      await cron.undo!.restore(own, context);
      if (former) await cron.undo!.restore(former, context);
    },
  },

  *preview({ path, settings, cron: job }, changes, context) {
    const after = settings === null ? undefined : Buffer.from(settings);
    yield { path, before: context.host.readFile(path), after };
    for (const former of formerIn(changes)) yield { path: former, before: context.host.readFile(former), after: undefined };
    for (const each of [job, ...formerJobsIn(changes)]) yield* cron.preview?.(each, changes, context) ?? [];
  },

  absent: (desired): Desired => ({ ...desired, settings: null, programs: [], cron: cron.absent!(desired.cron)! }),
  unsupported: ({ cron: job }, host) => cron.unsupported?.(job, host),
  precedes: ({ cron: job }) => cron.precedes?.(job) ?? [],
  requires: ({ unit, cron: job }) => [
    ...(cron.requires?.(job) ?? []),
    ...(unit === null ? [] : [`service[${unit.replace(/\.service$/, '')}]`]),
  ],
  units: ({ settings, unit }) => (settings === null || unit === null ? [] : [unit]),
  commands: ({ programs, cron: job }) => [...programs, ...(cron.commands?.(job) ?? [])],
});

/** The job that was last applied, gone, where it stands in another place now. */
function movedJob(job: CronDesired, last: Desired | undefined): CronDesired | undefined {
  const placeOf = ({ in: where, user }: CronDesired): string => (where === 'crontab' ? `crontab of ${user}` : where);
  return last && placeOf(last.cron) !== placeOf(job) ? cron.absent!(last.cron) : undefined;
}

const formerJobsIn = (changes: readonly Change[]): readonly CronDesired[] =>
  changes.flatMap(({ field, from }) => (field === formerJob ? [from as unknown as CronDesired] : []));

function settingsOf(attributes: Attributes): DeadmanSettings {
  const { agent, unit, gateway, heartbeat, machine, restart, request_log, log, config, action } = attributes;
  const state = attributes.state_dir ?? `/var/lib/reconcile-deadman/${agent}`;
  return {
    schema: deadmanSettingsSchema,
    agent,
    state_dir: state,
    runtime_dir: attributes.runtime_dir,
    snapshot_dir: attributes.snapshot_dir ?? `${state}/snapshots`,
    snapshot_keep: attributes.snapshot_keep,
    snapshot_after: milliseconds(attributes.snapshot_after),
    config,
    limits: {
      check_interval: milliseconds(attributes.check_interval),
      failures: attributes.failures,
      clear_after: attributes.clear_after,
      max_restarts: attributes.max_restarts,
      episode: milliseconds(attributes.episode),
      restart_cooldown: milliseconds(attributes.restart_cooldown),
      startup_grace: milliseconds(attributes.startup_grace),
      alert_cooldown: milliseconds(attributes.alert_cooldown),
      suppress_at_most: milliseconds(attributes.suppress_at_most),
      blocked_after: milliseconds(machine.blocked_after),
      silence_note: milliseconds(attributes.reconciler_silence.note_after),
      silence_alarm: milliseconds(attributes.reconciler_silence.alarm_after),
      alarm_test_every: milliseconds(attributes.alarm_test),
      unheard_after: milliseconds(attributes.unheard_after),
      action,
    },
    ...(unit && { unit: withoutUndefined({ ...unit, name: withSuffix(unit.name) }) }),
    ...(heartbeat && { heartbeat: { ...heartbeat, timeout: milliseconds(heartbeat.timeout) } }),
    ...(gateway && { gateway: { ...gateway, within: milliseconds(gateway.within) } }),
    machine: { min_disk_free_percent: machine.min_disk_free_percent, max_swap_used_percent: machine.max_swap_used_percent },
    ...(restart && { restart }),
    restart_timeout: milliseconds(attributes.restart_timeout),
    alerts: attributes.alerts.map((alert) =>
      withoutUndefined(alert.type === 'telegram' ? { ...alert, chat_id: String(alert.chat_id) } : alert),
    ),
    ...(request_log !== undefined && { request_log }),
    ...(log !== undefined && { log }),
    reconciler_state: attributes.reconciler_state,
  };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;

/** Every so many minutes, as cron says it. */
function scheduleOf(interval: number): string | undefined {
  const minutes = interval / 60_000;
  if (!Number.isInteger(minutes) || minutes < 1 || 60 % minutes !== 0) return undefined;
  return minutes === 60 ? '0 * * * *' : minutes === 1 ? '* * * * *' : `*/${minutes} * * * *`;
}

/** A word of a shell line. */
const quoted = (word: string): string => (/^[\w./:@+=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`);
