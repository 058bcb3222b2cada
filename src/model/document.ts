import * as z from 'zod';
import { milliseconds } from './duration.ts';
import type { LoadedFile } from './located.ts';

/** Beyond it are no dates. Milliseconds. */
const longestDuration = 3650 * 86_400_000;
/** Duration with a unit: `30s`, `5m`, `2h`, `7d`. */
export const duration = z
  .string({ error: 'expected a duration such as "30s", "5m", "2h" or "7d"' })
  .regex(/^\d+(ms|s|m|h|d)$/, 'expected a duration such as "30s", "5m", "2h" or "7d"')
  .refine((text) => milliseconds(text) <= longestDuration, 'expected at most 3650d')
  .meta({ description: 'A number with a unit: ms, s, m, h or d.' });

const percent = z.string().regex(/^(?:\d{1,2}|100)%$/, 'expected a percentage such as "25%", up to "100%"');
const somePercent = z.string().regex(/^(?:[1-9]\d?|100)%$/, 'expected a percentage such as "25%", from "1%" to "100%"');
const names = z.union([z.string(), z.array(z.string())]);
/** Its message where a list was written, as another tool has it. */
const unlessList =
  (message: string) =>
  ({ input }: { readonly input?: unknown }): string | undefined =>
    Array.isArray(input) ? message : undefined;

const patternText = z
  .string({ error: unlessList('expected one text for all of them, such as "web:db"; got a list') })
  .min(1)
  .meta({ description: 'An Ansible host pattern: group, host, glob, &, !, ~regex, slices.' });

const condition = z.union([z.boolean(), z.string()], {
  error: unlessList('expected one condition, with "and" between its parts; got a list'),
});

/**
 * The attributes every resource has. They are taken off before the kind's own `spec` sees the rest.
 * All of them may be templates.
 */
export const commonAttributes = {
  when: condition
    .optional()
    .meta({ description: 'Skip the resource unless this is true; when it turns false, `prune` decides as if it had left git.' }),
  for_each: z
    .union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .optional()
    .meta({
      description: 'Make one resource per item of a list, which is `item`, or of a mapping, with `item.key` and `item.value`.',
    }),
  after: names.optional().meta({ description: 'Addresses that must be converged first.' }),
  notify: names
    .optional()
    .meta({ description: 'Addresses to refresh when this resource changes, and when it has left git and is removed.' }),
  tags: names.optional().meta({ description: 'Words for `--tags`.' }),
  on_drift: z.enum(['heal', 'report', 'hold']).optional().meta({
    description:
      'Local drift is repaired (default), only reported, or held until a person decides. Where it is not repaired, what left git with local changes is removed after a confirmation only.',
  }),
  prune: z.enum(['yes', 'no', 'confirm']).optional().meta({
    description:
      'What happens on the host when the resource leaves git: removed (default), kept, or removed after a confirmation.',
  }),
  sensitive: z.boolean().optional().meta({ description: 'Never show contents in diffs and reports.' }),
} as const;

const template = z.string().regex(/\{[{%]/, { error: 'expected a template ("{{ ... }}")', abort: true });

/**
 * A resource as written: kind, common attributes, and the kind's own attributes unchecked. What takes no text may be a template
 * all the same; its result is checked by `commonAttributes`.
 */
const resourceDocument = z.looseObject({
  kind: z
    .string({
      error: ({ input }) => (input === undefined ? 'a resource is `kind: KIND` with its attributes beside it' : undefined),
    })
    .min(1),
  ...commonAttributes,
  on_drift: z.union([commonAttributes.on_drift.unwrap(), template]).optional(),
  prune: z.union([commonAttributes.prune.unwrap(), template]).optional(),
  sensitive: z.union([commonAttributes.sensitive.unwrap(), template]).optional(),
});
export type ResourceDocument = z.infer<typeof resourceDocument>;

export const healthCheck = z.union([
  z.strictObject({
    http: z.strictObject({ url: z.string(), status: z.number().int().default(200), within: duration.default('30s') }),
  }),
  z.strictObject({
    tcp: z.strictObject({
      host: z.string().default('127.0.0.1'),
      port: z.union([z.number().int(), z.string()]),
      within: duration.default('30s'),
    }),
  }),
  z.strictObject({ command: z.strictObject({ argv: z.array(z.string()).min(1), within: duration.default('30s') }) }),
  z.strictObject({
    unit: z.strictObject({
      name: z.string().min(1).meta({ description: 'Name of the unit; ".service" unless it has another suffix.' }),
      user: z.string().optional().meta({ description: "Whose service manager, where it is not the system's." }),
      active_for: duration.default('5s').meta({ description: 'How long it must have been active without a break.' }),
      within: duration.default('30s').meta({ description: 'How long it may take to become so, beside that time.' }),
    }),
  }),
  z.strictObject({ file_age: z.strictObject({ path: z.string(), max: duration }) }),
]);
export type HealthCheck = z.infer<typeof healthCheck>;

const healthCondition = {
  when: condition.optional().meta({ description: 'Check this only where it is true.' }),
};
const [http, tcp, command, unit, fileAge] = healthCheck.options;
const roleHealthCheck = z.union([
  http.extend(healthCondition),
  tcp.extend(healthCondition),
  command.extend(healthCondition),
  unit.extend(healthCondition),
  fileAge.extend(healthCondition),
]);

export const roleDocument = z.strictObject({
  summary: z.string().min(1),
  depends: z.array(z.string()).default([]),
  parameters: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({ description: 'JSON Schema (2020-12) of the parameters given by `with:`.' }),
  resources: z.array(resourceDocument).default([]),
  health: z.array(roleHealthCheck).default([]),
});
export type RoleDocument = z.infer<typeof roleDocument>;

const roleUse = z.union([
  z.string(),
  z.strictObject({
    role: z.string(),
    with: z.record(z.string(), z.unknown()).default({}),
    when: condition.optional(),
    tags: names.optional(),
  }),
]);

export const siteDocument = z.strictObject(
  {
    assignments: z.array(
      z.strictObject({
        hosts: patternText,
        mode: z.enum(['enforce', 'observe']).default('enforce').meta({ description: 'observe: report only, change nothing.' }),
        roles: z.array(roleUse).default([]),
        resources: z.array(resourceDocument).default([]),
        tags: names.optional(),
      }),
    ),
  },
  { error: unlessList('expected a mapping with the list below "assignments"; got a list') },
);
export type SiteDocument = z.infer<typeof siteDocument>;

export const limits = z.strictObject({
  max_delete: z.number().int().min(0).default(10),
  max_delete_percent: z.number().min(0).max(100).default(20),
});

const minute = 60_000;
const longestWindow = 366 * 24 * 60 * minute;

/** When changes may be made: Argo's shape. */
export const windows = z
  .array(
    z.strictObject({
      kind: z.enum(['allow', 'deny']),
      schedule: z.string().min(1).meta({ description: 'Cron expression (five fields) of when the window opens.' }),
      duration: duration.refine(
        (text) => milliseconds(text) >= minute && milliseconds(text) <= longestWindow,
        'expected at least 1m and at most 366d',
      ),
      time_zone: z.string().default('UTC'),
    }),
  )
  .meta({ description: 'With any `allow`, changes are made only while one is open; never while a `deny` is open.' });
/** What an agent asks a person about. */
export const approval = z
  .strictObject({
    addresses: z
      .array(z.string().regex(/^(\w+|\*)\[.+\]$/, 'expected kind[glob], such as service[*] or file[/etc/ssh/**]'))
      .default([])
      .meta({
        description:
          'Addresses whose changes wait for a person: a kind or "*", and a glob in brackets, of which "*" is everything.',
      }),
    max_changes: z.number().int().min(1).optional().meta({ description: 'Plans with more changes than this wait for a person.' }),
  })
  .meta({ description: 'Plans of the agent that wait for `reconcile approve RUN`.' });
/** `desired-state/policy.yaml`: travels with the repository. */
export const policyDocument = z.strictObject({
  banned: z
    .strictObject({
      patterns: z.array(z.string()).default([]).meta({
        description:
          'Case-insensitive regular expressions, with "^" and "$" for the ends of a line; a match in a config, a rendered file or a live file refuses the run.',
      }),
      exempt: z
        .array(z.string())
        .default([])
        .meta({ description: 'Globs of host paths, and of files of the repository, in which the patterns may stand.' }),
    })
    .prefault({}),
  base_urls: z
    .array(z.string())
    .default([])
    .meta({ description: 'Globs of provider base URLs that chains, keys and files may name; empty allows all.' }),
  destroy: limits.prefault({}),
  protected_paths: z
    .array(
      z.union([
        z.string(),
        z.strictObject({
          path: z.string().meta({ description: 'Glob of host paths.' }),
          except: z
            .array(z.string().regex(/^[a-z_]+$/, 'expected the name of a kind, such as authorized_key'))
            .meta({ description: 'Kinds that may write there all the same, since they keep to entries of their own.' }),
        }),
      ]),
    )
    .default([])
    .meta({
      description:
        'Globs of host paths that are never written or removed, nor what is below them; or `{ path, except: [kind] }`.',
    }),
  portfolio: z
    .strictObject({
      critical: z.string().optional().meta({
        description: 'Host pattern of the critical agents: no two share slots 1 and 2, and each has at least min_slots.',
      }),
      min_slots: z.number().int().min(1).default(4),
      local_end: z.boolean().default(true).meta({ description: 'The last slot must be a local provider.' }),
    })
    .prefault({}),
  allow_empty: z.boolean().default(false),
  windows: windows.default([]),
  approval: approval.prefault({}),
});
export type PolicyDocument = z.infer<typeof policyDocument>;

/** `desired-state/rollout.yaml`. */
export const rolloutDocument = z.strictObject({
  waves: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, 'expected letters, digits, "_", "-" and "."')
          .meta({ description: 'How the wave is called in reports; no two have the same name.' }),
        hosts: patternText,
        count: z
          .union([z.number().int().min(1), somePercent])
          .optional()
          .meta({ description: 'At most so many hosts, or so much of all that the pattern names; all where nothing is said.' }),
        bake: duration.default('60s'),
      }),
    )
    .min(1, 'expected a wave; who wants none leaves rollout.yaml out')
    .refine((waves) => new Set(waves.map(({ name }) => name)).size === waves.length, 'two waves have the same name')
    .meta({ description: 'One after the other. A host belongs to the first that names it; those that none names come last.' }),
  max_fail: z
    .union([z.number().int().min(0), percent])
    .default(0)
    .meta({ description: 'Hosts of a wave that may fail before the rollout stops: a count, or a part of the wave.' }),
  on_halt: z.enum(['rollback_failed', 'rollback_all', 'keep']).default('rollback_failed').meta({
    description: 'What is taken back when it stops: hosts that took it and got unwell, all that took it, or nothing.',
  }),
});
export type RolloutDocument = z.infer<typeof rolloutDocument>;

/** A checked document with its file, so that later stages can name positions. */
export interface Document<T> {
  readonly source: LoadedFile;
  readonly value: T;
}
