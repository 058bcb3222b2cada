import type { HostReader } from '../../host/host.ts';
import type { ContentRef } from '../../model/catalog.ts';
import { converged, type Change } from '../../model/plan.ts';
import { formatMode, parseMode } from '../file-mode.ts';
import { accountsOf, diffOwners, inspectOwners, keptOwners, ownerIds, ownershipOf, type OwnedState } from '../ownership.ts';
import { standingContent } from '../standing-content.ts';
import { requireOneContent } from '../one-content.ts';
import { defineResourceType, type AttributesOf, type PrepareContext, type Vocabulary } from '../resource-type.ts';

/** Below this size a shrink is nothing to stop for. Bytes. */
const shrinkFloor = 1024;

const spec = ({ z, absolutePath, fileMode, ownerName, secretText, validateArgv }: Vocabulary) =>
  z
    .strictObject({
      path: absolutePath,
      ensure: z.enum(['present', 'absent']).default('present').meta({ description: 'absent: no file at this path.' }),
      content: secretText.optional().meta({ description: 'The text of the file, a template.' }),
      source: z
        .string()
        .optional()
        .meta({ description: "A file under the role's files/, else desired-state/files/, copied byte for byte." }),
      template: z
        .string()
        .optional()
        .meta({ description: "A template under the role's templates/, else desired-state/templates/." }),
      mode: fileMode.optional().meta({
        description: 'Octal permission bits in quotes. Without it "0644", or "0600" where a secret went into the content.',
      }),
      owner: ownerName.optional(),
      group: ownerName.optional(),
      create_only: z
        .boolean()
        .default(false)
        .meta({ description: 'Seed the file once; afterwards it belongs to whoever edits it.' }),
      max_shrink: z
        .union([z.string().regex(/^\d{1,3}%$/, 'a percentage such as "50%"'), z.literal(false)])
        .default('50%')
        .meta({
          description: 'Refuse to replace a file of more than 1 KiB by one that is smaller by more than this; false allows all.',
        }),
      validate: validateArgv.optional().meta({ description: 'Run on the staged file (`%s`) before it takes its name.' }),
    })
    .superRefine(requireOneContent);
type Attributes = AttributesOf<typeof spec>;

interface Desired {
  readonly path: string;
  /** pruned: absent, and content with a directory, which is not its business any more. */
  readonly ensure: 'present' | 'absent' | 'pruned';
  readonly content?: ContentRef;
  readonly mode: string;
  readonly owner?: string;
  readonly group?: string;
  readonly createOnly?: true;
  readonly maxShrink?: number;
  readonly validate?: readonly [string, ...string[]];
}

type State =
  | { readonly type: 'absent' | 'directory' | 'link' | 'other' }
  | ({ readonly type: 'file'; readonly sha256: string; readonly size: number; readonly mode: string } & OwnedState);

export const file = defineResourceType({
  kind: 'file',
  summary: 'A regular file with exact content, mode and owner.',
  spec,
  identify: ({ path }) => path,
  prepare: (attributes: Attributes, context): Desired | undefined => {
    const { path, ensure, owner, group, validate } = attributes;
    const content = ensure === 'absent' ? undefined : contentOf(attributes, context);
    const common = {
      path,
      ensure,
      mode: formatMode(parseMode(attributes.mode ?? (content?.sensitive ? '0600' : '0644'))),
      ...ownershipOf({ owner, group }),
    };
    if (ensure === 'absent') return common;
    if (!content) return undefined;
    return {
      ...common,
      content,
      ...(attributes.create_only && { createOnly: true }),
      ...(attributes.max_shrink !== false && { maxShrink: Number.parseInt(attributes.max_shrink, 10) }),
      ...(validate && { validate }),
    };
  },
  inspect: (desired, { host }): State => inspectFile(desired, host),
  diff: (desired, actual) => {
    if (desired.ensure !== 'present') {
      if (actual.type === 'absent' || (desired.ensure === 'pruned' && actual.type === 'directory')) return converged;
      return { action: 'remove', changes: [{ field: 'content', from: shown(actual), to: null }] };
    }
    const { content, mode, createOnly } = desired;
    if (!content || (createOnly && actual.type !== 'absent')) return converged;
    const to = content.sha256;
    if (actual.type !== 'file')
      return {
        action: actual.type === 'absent' ? 'create' : 'replace',
        changes: [{ field: 'content', from: shown(actual), to }],
      };
    const changes: Change[] = [];
    if (actual.sha256 !== to) changes.push({ field: 'content', from: actual.sha256, to });
    if (actual.mode !== mode) changes.push({ field: 'mode', from: actual.mode, to: mode });
    changes.push(...diffOwners(desired, actual));
    return changes.length === 0 ? converged : { action: 'update', changes };
  },
  refuses: ({ path, content, maxShrink, ensure, createOnly }, actual) => {
    if (actual.type === 'directory' || actual.type === 'other')
      return ensure === 'present' && createOnly
        ? []
        : [
            {
              code: 'unsafe-target',
              message: `${path} is a ${actual.type === 'directory' ? 'directory' : 'device, fifo or socket'}, not a file`,
              ...(ensure === 'present' && actual.type === 'directory' && { inTheWay: path }),
            },
          ];
    if (actual.type !== 'file' || !content || createOnly || maxShrink === undefined || actual.size <= shrinkFloor) return [];
    if (content.size >= actual.size * (1 - maxShrink / 100)) return [];
    const message = `${path} would shrink from ${actual.size} to ${content.size} bytes, more than the ${maxShrink}% that max_shrink allows`;
    return [{ code: 'max-shrink', message, hint: 'if this is meant, set a larger max_shrink, or false, on the resource' }];
  },
  apply: (desired, changes, { host, contents }) => {
    const { path, content, mode, validate } = desired;
    if (desired.ensure !== 'present') return host.remove(path);
    if (!content) return undefined;
    // One that was made for what stood in it, and is empty by now.
    if (changes.some(({ from }) => from === 'directory') && host.stat(path)?.type === 'directory') host.removeDirectory(path);
    // One that changes hands too: who had it may have it open, or have put another in its place.
    if (changes.some(({ field }) => field !== 'mode'))
      return host.writeFile(path, contents.read(content), {
        mode: parseMode(mode),
        ...keptOwners(host.stat(path), host),
        ...ownerIds(desired, host),
        ...(validate && { validate }),
        ...(content.sensitive && { sensitive: true }),
      });
    return host.setMode(path, parseMode(mode));
  },
  watches: ({ path }) => [path],
  owns: ({ path }) => [path],
  modes: ({ path, mode, ensure }) => (ensure !== 'present' ? [] : [{ path, mode }]),
  makesWay: true,
  touches: ({ path }) => [path],
  handsOver: {
    of: ({ content, createOnly }) => (createOnly && content ? { sha256: content.sha256 } : undefined),
    othersNow: ({ sha256: seeded }, paths, host) =>
      paths.find((path) => host.stat(path)?.type === 'file' && host.digest(path) !== seeded),
  },
  sharedFile: ({ path, createOnly }) => (createOnly ? path : undefined),
  preview: ({ path, content }, changes, { host, contents }) =>
    changes.some(({ field }) => field === 'content')
      ? [
          {
            path,
            before: standingContent(path, host),
            after: content && contents.read(content),
          },
        ]
      : [],
  requires: (desired) => accountsOf(desired),
  // What was seeded once belongs to whoever edited it since.
  absent: ({ path, mode, createOnly }): Desired | undefined => (createOnly ? undefined : { path, ensure: 'pruned', mode }),
  commands: ({ validate }) => (validate ? [validate[0]] : []),
});

function contentOf({ content, source, template }: Attributes, context: PrepareContext): ContentRef | undefined {
  if (content !== undefined) return context.text(content);
  if (source !== undefined) return context.sourceFile(source, 'source')?.content;
  return template === undefined ? undefined : context.template(template, 'template');
}

function inspectFile(desired: Desired, host: HostReader): State {
  const { path } = desired;
  const stat = host.stat(path);
  if (!stat) return { type: 'absent' };
  if (stat.type !== 'file') return { type: stat.type };
  return {
    type: 'file',
    sha256: host.digest(path) ?? '',
    size: stat.size,
    mode: formatMode(stat.mode),
    ...inspectOwners(stat, host, desired),
  };
}

const shown = (state: State): string | null =>
  state.type === 'absent' ? null : state.type === 'file' ? state.sha256 : state.type;
