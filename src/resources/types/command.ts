import type { AbsolutePath, Argv, CommandOptions, Host, HostReader } from '../../host/host.ts';
import { milliseconds } from '../../model/duration.ts';
import { howItEnded } from '../../model/how-it-ended.ts';
import { lastLines } from '../../model/last-lines.ts';
import { MissingError } from '../../model/missing-error.ts';
import { converged, type Diff } from '../../model/plan.ts';
import { Secret } from '../../model/secret.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';

/** Of a secret of several lines, lines shorter than this hide nothing. */
const shortestLine = 4;

const spec = ({ z, absolutePath, duration, ownerName, secretText }: Vocabulary) => {
  const argument = z
    .string({
      error: ({ input }) =>
        input instanceof Secret ? 'a secret cannot be an argument, which every process list shows; pass it in env' : undefined,
    })
    .regex(/^[^\0]*$/, 'an argument cannot hold a NUL character');

  const argv = z
    .array(argument, {
      error: ({ input }) =>
        typeof input === 'string' ? 'expected a list of arguments, not a shell line: ["program", "argument"]' : undefined,
    })
    .min(1, 'expected a program as the first element')
    .refine(([program]) => program !== '', 'expected a program as the first element')
    .transform((words) => words as unknown as Argv)
    .meta({ type: 'array', items: { type: 'string' } });

  return z
    .strictObject({
      name: z.string().min(1).max(200).optional().meta({ description: 'Names the resource; else its argv does.' }),
      argv: argv.meta({
        description: 'Program and arguments. Never a shell line; write ["sh", "-c", "..."] where a shell is needed.',
      }),
      creates: absolutePath.optional().meta({ description: 'Run only while nothing stands at this path.' }),
      unless: argv
        .optional()
        .meta({ description: 'A program that only looks. Run the command while it exits with another code than 0.' }),
      onlyif: argv.optional().meta({ description: 'A program that only looks. Run the command while it exits with 0.' }),
      refresh_only: z
        .literal(true)
        .optional()
        .meta({ description: 'Run only when a resource that notifies this one has changed.' }),
      cwd: absolutePath.optional(),
      env: z
        .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a variable name'), secretText)
        .default({})
        .meta({ description: 'Added to a fixed minimal environment. The only place for secrets.' }),
      user: ownerName.optional().meta({ description: 'Runs as this user; needs root.' }),
      timeout: duration.default('60s'),
    })
    .superRefine((value, context) => {
      const guards = (['creates', 'unless', 'onlyif', 'refresh_only'] as const).filter((name) => value[name] !== undefined);
      if (guards.length !== 1)
        context.addIssue({
          code: 'custom',
          message: `exactly one of creates, unless, onlyif, refresh_only is needed, found ${guards.join(' and ') || 'none'}`,
        });
    });
};

interface CommandDesired {
  readonly argv: Argv;
  readonly creates?: AbsolutePath;
  readonly unless?: Argv;
  readonly onlyif?: Argv;
  readonly cwd?: AbsolutePath;
  readonly env: Readonly<Record<string, string | Secret>>;
  readonly user?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

type CommandState = {
  readonly isDue: boolean;
  /** Why its guard cannot be asked, and what it lacks, which an earlier step may bring. */
  readonly unasked?: { readonly why: string; readonly missing: string };
};

/** The escape hatch: a program that runs while its guard says so. */
export const command = defineResourceType({
  kind: 'command',
  summary: 'A program that is run while its guard says that it is due, or when it is notified. Cannot be undone.',
  spec,
  identify: ({ name, argv: words }) => name ?? words.join(' ').replace(/\s+/g, ' '),

  prepare({ argv: words, creates, unless, onlyif, cwd, env, user, timeout }): CommandDesired {
    return {
      argv: words,
      ...(creates !== undefined && { creates }),
      ...(unless && { unless }),
      ...(onlyif && { onlyif }),
      ...(cwd !== undefined && { cwd }),
      env,
      ...(user !== undefined && { user }),
      timeout: milliseconds(timeout),
    };
  },

  async inspect(desired, { host, signal }): Promise<CommandState> {
    const { creates } = desired;
    if (creates !== undefined) return { isDue: host.stat(creates) === undefined };
    try {
      return { isDue: await askGuard(desired, host, signal) };
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      return { isDue: true, unasked: { why: error.message, missing: error.missing } };
    }
  },

  diff({ argv: words }, { isDue, unasked }): Diff {
    const change = { field: 'run', from: unasked ? `not known: ${unasked.why}` : null, to: words.join(' ') };
    return isDue ? { action: 'create', changes: [change] } : converged;
  },

  refuses({ user }, { unasked }): readonly Refusal[] {
    // A user that nobody makes is told by the engine.
    if (!unasked || unasked.missing === user) return [];
    const hint = 'let what brings that stand above it, or name it in "after"';
    return [{ code: 'unsafe-target', message: `its guard cannot be asked: ${unasked.why}`, hint, missing: unasked.missing }];
  },

  async apply(desired, changes, { host, signal }) {
    if (changes.some(({ from }) => from !== null) && !(await askGuard(desired, host, signal))) return;
    await run(desired, host, signal);
    const { creates } = desired;
    if (creates !== undefined && !host.stat(creates))
      throw new Error(`${desired.argv[0]} succeeded, but did not create ${creates}`);
  },

  refresh: (desired, { host, signal }) => run(desired, host, signal),

  watches({ creates, unless, onlyif }) {
    if (unless ?? onlyif) return undefined;
    return creates === undefined ? [] : [creates];
  },

  unsupported({ user }, host) {
    if (!host.live) return 'needs a live host';
    const isOther = user !== undefined && !host.privileged && host.userId(user) !== process.geteuid?.();
    return isOther ? `needs root to run as ${user}` : undefined;
  },
  requires: ({ user }) => (user === undefined ? [] : [`user[${user}]`]),
  commands: ({ argv: words, unless, onlyif }) => [words, unless, onlyif].flatMap((each) => (each ? [each[0]] : [])),
  ordered: true,
});

/** Whether it says that the command is due. Without one that is said by others. */
async function askGuard(desired: CommandDesired, host: HostReader, signal: AbortSignal): Promise<boolean> {
  const { unless, onlyif } = desired;
  const guard = unless ?? onlyif;
  if (!guard) return false;
  const result = await host.query(guard, signal, optionsOf(desired));
  if (result.exitCode === null) throw new Error(`the guard ${guard[0]} ${howItEnded(result)}`);
  return (result.exitCode === 0) === (onlyif !== undefined);
}

async function run(desired: CommandDesired, host: Host, signal: AbortSignal): Promise<void> {
  const result = await host.run(desired.argv, signal, optionsOf(desired));
  if (result.exitCode === 0) return;
  const said = lastLines(withoutSecrets(result.stderr.trim() || result.stdout.trim(), desired));
  const { creates } = desired;
  const left = creates !== undefined && host.stat(creates) ? `; it left ${creates}, which would count as done: remove it` : '';
  throw new Error(`${desired.argv[0]} ${howItEnded(result)}${said && `: ${said}`}${left}`);
}

function optionsOf({ cwd, env, user, timeout }: CommandDesired): CommandOptions {
  const plain = Object.entries(env).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]);
  return {
    env: Object.fromEntries(plain),
    timeout,
    ...(cwd !== undefined && { cwd }),
    ...(user !== undefined && { user }),
  };
}

/** A program may print its environment. A secret of several lines may appear line by line. */
function withoutSecrets(text: string, { env }: CommandDesired): string {
  const secrets = Object.values(env)
    .filter((value) => value instanceof Secret)
    .map((secret) => secret.reveal());
  const lines = secrets
    .flatMap((secret) => secret.split('\n').map((line) => line.trim()))
    .filter((line) => line.length >= shortestLine);
  return [...secrets, ...lines]
    .filter((part) => part !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((rest, part) => rest.replaceAll(part, '<secret>'), text);
}
