import { converged } from '../../model/plan.ts';
import { keptOwners } from '../ownership.ts';
import { defineResourceType, type Vocabulary } from '../resource-type.ts';

const spec = ({ z, absolutePath }: Vocabulary) =>
  z
    .strictObject({
      path: absolutePath,
      ensure: z.enum(['present', 'absent']).default('present').meta({ description: 'absent: no link at this path.' }),
      target: z
        .string()
        .min(1)
        .max(4095)
        .optional()
        .meta({ description: 'Where the link points, absolute or relative to its directory; it need not exist.' }),
    })
    .refine(({ ensure, target }) => ensure === 'absent' || target !== undefined, {
      message: 'target is needed',
      path: ['target'],
    });

interface Desired {
  readonly path: string;
  /** Null: no link. */
  readonly target: string | null;
}

type State = { readonly type: 'absent' | 'file' | 'directory' | 'other' } | { readonly type: 'link'; readonly target: string };

const aDirectory = 'directory';

export const link = defineResourceType({
  kind: 'link',
  summary: 'A symbolic link.',
  spec,
  identify: ({ path }) => path,
  prepare: ({ path, ensure, target }): Desired => ({ path, target: ensure === 'absent' ? null : (target ?? null) }),
  inspect: ({ path }, { host }): State => {
    const stat = host.stat(path);
    if (!stat) return { type: 'absent' };
    return stat.type === 'link' ? { type: 'link', target: host.readLink(path) ?? '' } : { type: stat.type };
  },
  diff: ({ target }, actual) => {
    const current = actual.type === 'link' ? actual.target : null;
    if (target === current) return converged;
    if (target === null) return { action: 'remove', changes: [{ field: 'target', from: current, to: null }] };
    const from = actual.type === 'directory' ? aDirectory : current;
    return { action: current === null ? 'create' : 'update', changes: [{ field: 'target', from, to: target }] };
  },
  refuses: ({ path, target }, actual) =>
    target !== null && actual.type !== 'absent' && actual.type !== 'link'
      ? [
          {
            code: 'unsafe-target',
            message: `${path} is a ${actual.type}, where a link is wanted`,
            hint: 'move it away by hand',
            ...(actual.type === 'directory' && { inTheWay: path }),
          },
        ]
      : [],
  apply: ({ path, target }, changes, { host }) => {
    if (target === null) return host.remove(path);
    const stat = host.stat(path);
    // One that was made for what stood in it, and is empty by now.
    if (stat?.type === 'directory' && changes.some(({ from }) => from === aDirectory)) host.removeDirectory(path);
    host.link(path, target, keptOwners(stat, host, 'link'));
  },
  watches: ({ path }) => [path],
  owns: ({ path }) => [path],
  makesWay: true,
  touches: ({ path }) => [path],
  absent: ({ path }) => ({ path, target: null }),
});
