import { milliseconds } from '../../model/duration.ts';
import { isPassing } from '../../model/passing-error.ts';
import { converged, type Change, type Diff } from '../../model/plan.ts';
import { compose as runCompose, dockerRuns, listContainers, type ComposeContainer } from '../compose-containers.ts';
import { readText } from '../formats/format.ts';
import { yamlFormat } from '../formats/yaml.ts';
import { formerFile, formerIn } from '../former-file.ts';
import { requireOneContent } from '../one-content.ts';
import { defineResourceType, type Failure, type PrepareContext, type Vocabulary } from '../resource-type.ts';
import { standingContent } from '../standing-content.ts';
import { file } from './file.ts';

const spec = ({ z, absolutePath, duration, fileMode, secretText }: Vocabulary) =>
  z
    .strictObject({
      path: absolutePath.meta({ description: 'The compose file.' }),
      project: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'expected lower-case letters, digits, "_" and "-"')
        .meta({ description: 'Name of the project; a new name is a new project.' }),
      ensure: z.enum(['present', 'absent']).default('present').meta({
        description: 'absent: no containers of the project and no file. Volumes stay.',
      }),
      content: secretText.optional().meta({ description: 'The text of the file, a template.' }),
      source: z.string().optional().meta({ description: "A file under the role's files/, else desired-state/files/." }),
      template: z
        .string()
        .optional()
        .meta({ description: "A template under the role's templates/, else desired-state/templates/." }),
      mode: fileMode.optional(),
      jobs: z.array(z.string()).default([]).meta({ description: 'Services that end by themselves; all others must run.' }),
      timeout: duration.default('10m').meta({ description: 'Longest time of one call of docker compose, pulling included.' }),
    })
    .superRefine(requireOneContent);

type FileDesired = NonNullable<ReturnType<typeof file.prepare>>;
type FileState = Awaited<ReturnType<typeof file.inspect>>;

interface Desired {
  readonly project: string;
  readonly file: FileDesired;
  /** As of its file. */
  readonly ensure?: 'absent';
  /** Services that must have a container; those of a profile need none, nor do those of which none is wanted. */
  readonly services: readonly string[];
  readonly jobs: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
}

type State = {
  readonly file: FileState;
  /** Services without a container that does its work; null where no docker runs. */
  readonly missing: readonly string[] | null;
  /** Whether there are containers of the project. */
  readonly isUp: boolean;
  /** A file that it had at another path, and that still stands. */
  readonly former?: string;
};

const field = 'containers';
const isFileChange = (change: Change): boolean => change.field !== field && change.field !== formerFile;
const isPresent = ({ file: wanted }: Desired): boolean => wanted.ensure === 'present';

/** A project of docker compose. */
export const compose = defineResourceType({
  kind: 'compose',
  summary: 'A compose file, and its containers where docker runs. Without docker only the file is converged.',
  spec,
  identify: ({ project }) => project,

  prepare({ project, jobs, timeout, path, ensure, content, source, template, mode }, context): Desired | undefined {
    const given = { content, source, template };
    const wanted = file.prepare({ path, ensure, mode, ...given, create_only: false, max_shrink: false }, context);
    if (!wanted) return undefined;
    const services = wanted.content ? servicesOf(context.read(wanted.content).toString(), attributeOf(given), context) : [];
    if (!services) return undefined;
    return { project, ...(ensure === 'absent' && { ensure }), file: wanted, services, jobs, timeout: milliseconds(timeout) };
  },

  survey: async (_all: readonly Desired[], { host, signal }): Promise<readonly ComposeContainer[] | null> =>
    dockerRuns(host) ? listContainers(host, signal) : null,

  async inspect(desired: Desired, { survey, ...context }): Promise<State> {
    const { path } = (context.last as Desired | undefined)?.file ?? desired.file;
    const containers = survey?.filter(({ project }) => project === desired.project);
    const works = (service: string): boolean =>
      containers?.some(
        (each) =>
          each.service === service && !each.isOneOff && (each.isRunning || (each.isDone && desired.jobs.includes(service))),
      ) === true;
    return {
      file: await file.inspect(desired.file, { ...context, last: undefined, survey: undefined }),
      missing: containers ? desired.services.filter((service) => !works(service)) : null,
      isUp: (containers?.length ?? 0) > 0,
      ...(path !== desired.file.path && context.host.stat(path)?.type === 'file' && { former: path }),
    };
  },

  diff(desired, { file: actual, missing, isUp, former }): Diff {
    const ofFile = file.diff(desired.file, actual);
    const changes: Change[] = ofFile.action === 'none' ? [] : [...ofFile.changes];
    if (former !== undefined) changes.push({ field: formerFile, from: former, to: null });
    if (isPresent(desired)) {
      if (missing && missing.length > 0) changes.push({ field, from: `without ${missing.join(', ')}`, to: 'up' });
    } else if (isUp) changes.push({ field, from: 'up', to: null });
    if (changes.length === 0) return converged;
    return { action: ofFile.action === 'none' ? (isPresent(desired) ? 'update' : 'remove') : ofFile.action, changes };
  },

  refuses: (desired, { file: actual }, changes) => file.refuses?.(desired.file, actual, changes) ?? [],

  async apply(desired, changes, context) {
    const { host, signal } = context;
    // Before the file goes, which says what there is.
    if (!isPresent(desired) && dockerRuns(host))
      await runCompose(desired.project, ['down', '--remove-orphans'], desired.timeout, host, signal);
    const ofFile = changes.filter(isFileChange);
    const validate = ['docker', 'compose', '--file', '%s', 'config', '--quiet'] as const;
    const wanted = dockerRuns(host) ? { ...desired.file, validate } : desired.file;
    if (ofFile.length > 0) await file.apply(wanted, ofFile, { ...context, last: undefined });
    for (const path of formerIn(changes)) host.remove(path);
  },

  async activate(done, { host, signal }) {
    const failures: Failure[] = [];
    for (const { address, desired } of done) {
      if (!isPresent(desired) || !dockerRuns(host)) continue;
      const up = ['--file', desired.file.path, 'up', '--detach', '--remove-orphans', '--quiet-pull'];
      try {
        await runCompose(desired.project, up, desired.timeout, host, signal);
      } catch (error) {
        signal.throwIfAborted();
        failures.push({ address, message: (error as Error).message, isPassing: isPassing(error) });
      }
    }
    return failures;
  },

  undo: {
    capture: ({ project, file: wanted, timeout }, { survey, last }) => ({
      project,
      path: ((last as Desired | undefined)?.file ?? wanted).path,
      timeout,
      wasUp: survey ? survey.some((each) => each.project === project) : null,
    }),
    restore: () => undefined,
    /** When the old file stands again. */
    async resume(undos, { host, signal }) {
      if (!dockerRuns(host)) return;
      for (const { project, path, timeout, wasUp } of undos) {
        const isThere = host.stat(path) !== undefined;
        if (wasUp === true && isThere)
          await runCompose(project, ['--file', path, 'up', '--detach', '--remove-orphans'], timeout, host, signal);
        if (wasUp === false) await runCompose(project, ['down', '--remove-orphans'], timeout, host, signal);
      }
    },
  },

  preview: (desired, changes, context) => [
    ...formerIn(changes).map((path) => ({ path, before: standingContent(path, context.host), after: undefined })),
    ...(file.preview?.(desired.file, changes.filter(isFileChange), context) ?? []),
  ],
  watches: ({ file: { path } }) => [path],
  owns: ({ file: { path } }) => [path],
  makesWay: true,
  modes: (desired, changes) => file.modes?.(desired.file, changes) ?? [],
  touches: ({ file: { path } }, changes) => [
    ...new Set(changes.map(({ field, from }) => (field === formerFile ? String(from) : path))),
  ],
  // Docker may come at any time.
  asks: (_desired, host) => host.live,
  absent: (desired): Desired => ({ ...desired, file: file.absent!(desired.file)!, services: [] }),
  leavesOut: () => 'containers need a live host',
  lacks: (_desired, { missing }) => (missing === null ? 'its containers are unsupported here: no docker' : undefined),
  commands: () => ['docker'],
  ordered: true,
});

const attributeOf = (given: object): string => Object.entries(given).find(([, value]) => value !== undefined)?.[0] ?? 'content';

/** The services that a plain `up` starts. */
function servicesOf(text: string, attribute: string, context: PrepareContext): readonly string[] | undefined {
  const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  let services: unknown;
  try {
    services = readText(yamlFormat, text)['services'];
  } catch (error) {
    context.problem(attribute, `is not a compose file: ${(error as Error).message}`);
    return undefined;
  }
  if (!isObject(services) || Object.keys(services).length === 0) {
    context.problem(attribute, 'is not a compose file: it has no services');
    return undefined;
  }
  const isLeftOut = (service: unknown): boolean =>
    isObject(service) &&
    (service['profiles'] !== undefined ||
      service['scale'] === 0 ||
      (isObject(service['deploy']) && service['deploy']['replicas'] === 0));
  return Object.entries(services).flatMap(([name, each]) => (isLeftOut(each) ? [] : [name]));
}
