import type { Vocabulary } from './resource-type.ts';

const name = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** What users write of a `deadman`. */
export const deadmanSpec = ({ z, absolutePath, duration }: Vocabulary) => {
  const argv = z
    .array(z.string().regex(/^[^\0]+$/, 'an argument cannot be empty or hold a NUL character'))
    .min(1)
    .max(50)
    .meta({ description: 'Program and arguments, never a shell line.' });
  const count = z.number().int().min(1).max(100);
  const percent = z.number().min(0).max(100);
  const url = z.string().regex(/^https?:\/\/[^\s/]+\S*$/, 'expected a URL with http or https');
  const alert = z.union([
    z.strictObject({
      type: z.literal('telegram'),
      chat_id: z.union([z.string(), z.number().int()]),
      token_file: absolutePath,
      api: url.default('https://api.telegram.org'),
    }),
    z.strictObject({ type: z.literal('webhook'), url, secret_file: absolutePath.optional() }),
    z.strictObject({ type: z.literal('command'), argv }),
  ]);

  return z
    .strictObject({
      agent: z
        .string()
        .regex(name, 'expected letters, digits, "_" and "-", at most 64')
        .meta({ description: 'Name of the watched agent; one watchdog per agent and host.' }),
      ensure: z.enum(['present', 'absent']).default('present').meta({ description: 'absent: no watchdog; what it kept stays.' }),

      unit: z
        .strictObject({
          name: z.string().regex(/^[A-Za-z0-9:_.@\\-]{1,250}$/, 'expected the name of a unit, such as "hermes-ezra.service"'),
          scope: z.enum(['system', 'user']).default('system'),
          max_restarts: count
            .default(3)
            .meta({ description: 'Restarts by systemd itself between two checks that count as bad.' }),
          max_memory_mib: z.number().min(1).optional().meta({ description: 'Memory of the unit above which a check is bad.' }),
          max_cpu_percent: z
            .number()
            .min(1)
            .optional()
            .meta({ description: 'Share of one processor, over the time since the last check, above which a check is bad.' }),
        })
        .optional()
        .meta({
          description:
            'Unit of the agent (`name`, `scope`): its state is looked at, and it is what is restarted. With `max_restarts`, `max_memory_mib` and `max_cpu_percent` what is too much of it.',
        }),
      gateway: z
        .strictObject({
          url,
          within: duration.default('30s'),
          ignore_statuses: z
            .array(z.number().int().min(400).max(599))
            .default([401, 403, 429])
            .meta({ description: 'Answers that prove life and nothing else. 401, 403 and 429 always are.' }),
        })
        .optional()
        .meta({
          description:
            'Where the agent answers (`url`, `within`). An answer below 400 is health, others below 500 and those of `ignore_statuses` are life, the rest is bad.',
        }),
      heartbeat: z
        .strictObject({
          stamp: absolutePath,
          timeout: duration.default('5m'),
          required: z
            .boolean()
            .default(true)
            .meta({ description: 'false: a stamp that never came is not missed; one that came once is.' }),
        })
        .optional()
        .meta({
          description:
            'A file that the agent touches or `reconcile deadman beat` writes (`stamp`), when it is too old (`timeout`), and whether one that never came is missed (`required`).',
        }),
      machine: z
        .strictObject({
          min_disk_free_percent: percent.default(10),
          max_swap_used_percent: percent.default(80),
          blocked_after: duration.default('30m').meta({ description: 'How long it must be so before people are told.' }),
        })
        .prefault({})
        .meta({
          description:
            'When the machine is short of disk or swap (`min_disk_free_percent`, `max_swap_used_percent`, `blocked_after`). That is told, and never a death.',
        }),

      check_interval: duration.default('5m').meta({ description: 'Whole minutes that divide an hour.' }),
      failures: count.default(3).meta({ description: 'Bad checks in a row before anything is done.' }),
      clear_after: count.default(2).meta({ description: 'Good checks in a row that end it.' }),
      startup_grace: duration.default('2m').meta({ description: 'A bad check this soon after a start is forgiven, once.' }),
      restart: argv.optional().meta({ description: 'Restarts the agent; without it the unit is restarted.' }),
      restart_timeout: duration.default('2m').meta({ description: 'How long that may take.' }),
      restart_cooldown: duration.default('10m').meta({ description: 'Between two restarts.' }),
      max_restarts: count.default(3).meta({ description: 'Within `episode`; then the watchdog stops and raises the alarm.' }),
      episode: duration.default('24h').meta({ description: 'The time in which restarts and rollbacks are counted.' }),
      action: z.enum(['restart', 'rollback']).default('restart').meta({
        description:
          'What follows on restarts that did not help. rollback: the last configuration with which the agent was well is put back, once per episode. Give those files "on_drift: hold", or the next run takes that back.',
      }),
      alert_cooldown: duration.default('1h').meta({ description: 'The same message is not sent again within this time.' }),
      suppress_at_most: duration
        .default('1h')
        .meta({ description: 'While a run converges the host nothing is done; one that takes longer than this does not count.' }),
      alerts: z.array(alert).max(10).default([]).meta({
        description:
          'Who is told: `telegram`, `webhook` or `command`, as in the host policy. Secrets stand in files of mode 0600.',
      }),

      reconciler_silence: z
        .strictObject({ note_after: duration.default('4h'), alarm_after: duration.default('8h') })
        .prefault({})
        .meta({
          description:
            "When the reconciler's own agent has not looked at the host for so long, people are told (`note_after`), and told again (`alarm_after`). One that was never heard is not missed.",
        }),
      alarm_test: duration
        .default('30d')
        .meta({ description: 'How often a test goes to everybody who would be told of a death.' }),
      unheard_after: duration
        .default('1h')
        .meta({ description: 'When somebody has not taken a message for so long, the others are told.' }),

      config: z.array(absolutePath).max(20).default([]).meta({ description: 'Files that the agent reads when it starts.' }),
      snapshot_dir: absolutePath
        .optional()
        .meta({ description: 'Where configurations that were well are kept; else in `state_dir`.' }),
      snapshot_keep: z.number().int().min(1).max(1000).default(10).meta({ description: 'How many of them.' }),
      snapshot_after: duration
        .default('1h')
        .meta({ description: 'Without a unit: how long a configuration must have stood before health counts as its proof.' }),
      request_log: absolutePath
        .optional()
        .meta({ description: 'SQLite file of the role request_log; every action is a row there.' }),
      state_dir: absolutePath.optional().meta({ description: 'Default: /var/lib/reconcile-deadman/AGENT' }),
      runtime_dir: absolutePath.default('/run').meta({ description: 'On another disk than `state_dir`, for one that is full.' }),
      reconciler_state: absolutePath
        .default('/var/lib/timmy-reconciler')
        .meta({ description: 'State directory of the reconciler, whose lock and suspension keep the watchdog quiet.' }),
      settings: absolutePath.optional().meta({ description: 'Default: /etc/reconcile-deadman/AGENT.json' }),
      log: absolutePath.optional().meta({ description: 'What was done is written there too.' }),

      in: z.enum(['crontab', 'cron.d']).default('cron.d').meta({ description: 'Where the job stands that runs the watchdog.' }),
      user: z.string().default('root').meta({ description: 'Who runs the watchdog.' }),
      program: argv
        .default(['/usr/local/bin/reconcile', 'deadman'])
        .meta({ description: 'The watchdog. Or: Node and the deadman.mjs of an installed version.' }),
    })
    .superRefine((value, context) => {
      if (value.ensure === 'absent') return;
      const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
      if (!value.unit && !value.gateway && !value.heartbeat)
        fault('agent', 'needs something to look at: unit, gateway or heartbeat');
      if (!value.unit && !value.restart) fault('restart', 'is required unless there is a unit to restart');
      if (value.action === 'rollback' && value.config.length === 0) fault('config', 'is required for "action: rollback"');
    });
};
