import { basename } from 'node:path';
import * as zod from 'zod';
import type { AbsolutePath, Argv } from '../host/host.ts';
import { stagedName } from '../host/staged-name.ts';
import { Secret } from '../model/secret.ts';

/** What specs need of zod, one by one: a bundle with all of it has its forty languages too. */
export const z = {
  array: zod.array,
  boolean: zod.boolean,
  enum: zod.enum,
  literal: zod.literal,
  number: zod.number,
  record: zod.record,
  strictObject: zod.strictObject,
  string: zod.string,
  union: zod.union,
  unknown: zod.unknown,
};
export { duration } from '../model/document.ts';

const maxPathBytes = 4096;
const maxNameBytes = 255;
/** The one above says of chown(2) that nothing changes. */
const maxId = 4_294_967_294;

function pathFault(path: string): string | undefined {
  if (!path.startsWith('/')) return 'expected an absolute path, one that starts with "/"';
  if (/[\0\n\r]/.test(path)) return 'a path cannot hold a NUL character or a line break';
  if (path.split('/').includes('..')) return 'a path cannot climb with ".."';
  if (path.endsWith('/')) return 'expected a path without "/" at its end';
  if (/\/\.?\//.test(path) || path.endsWith('/.')) return 'expected a plain path, without "//" and "/./"';
  if (Buffer.byteLength(path) > maxPathBytes) return `a path cannot be longer than ${maxPathBytes} bytes`;
  if (path.split('/').some((name) => Buffer.byteLength(name) > maxNameBytes))
    return `a name in a path cannot be longer than ${maxNameBytes} bytes`;
  if (stagedName.test(basename(path))) return 'a name like this is that of a file which is being written: a rollback removes it';
  return undefined;
}

/** An absolute path in the one form that names it, so that equal targets have equal ids. `/` itself is none. */
export const absolutePath = z
  .string()
  .superRefine((path, context) => {
    const fault = pathFault(path);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  })
  .transform((path): AbsolutePath => path)
  .meta({ description: 'Absolute path on the host.', pattern: '^/([^/\\0\\r\\n]+/)*[^/\\0\\r\\n]+$' });

/** What is wrong with a mode that is a number. */
export const unquotedMode = 'a mode must be written in quotes, such as "0644": without them YAML reads a number';

/** Permission bits as a quoted octal text: YAML would read `0644` without quotes as a number, and not as the meant one. */
export const fileMode = z
  .string({
    error: ({ input }) => (typeof input === 'number' ? unquotedMode : undefined),
  })
  .regex(/^0?[0-7]{3,4}$/, 'expected an octal mode in quotes, such as "0644"')
  .meta({ description: 'Octal permission bits in quotes: "0644".' });

/** A user or group: a name, or a numeric id. */
export const ownerName = z
  .union([
    z
      .string()
      .regex(/^(?:[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|\d{1,10})$/, 'expected a user or group name, or a numeric id')
      .refine((name) => !(Number(name) > maxId), `expected a numeric id of at most ${maxId}`),
    z.number().int().min(0).max(maxId),
  ])
  .transform(String)
  .meta({ description: 'Name or numeric id.' });

/** A user or group by name, as the account tools take it. */
export const accountName = z
  .string({ error: ({ input }) => (typeof input === 'number' ? 'expected a name, not a numeric id' : undefined) })
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,30}$/, 'expected a name: letters, digits, "_", "." and "-", a letter or "_" first');

export const accountId = z.number().int().min(0).max(maxId);

/** A check of the staged file before it takes its name: a program and its arguments, one of which holds `%s` for the file. */
export const validateArgv = z
  .array(z.string().regex(/^[^\0]*$/, 'an argument cannot hold a NUL character'))
  .min(1)
  .refine((argv) => argv[0] !== '', 'expected a program as the first element')
  .refine((argv) => argv.slice(1).some((argument) => argument.includes('%s')), 'expected "%s", the staged file, in an argument')
  .transform((argv) => argv as unknown as Argv)
  .meta({ description: 'Program and arguments, run on the staged file (`%s`) before it takes its name; a failure discards it.' });

/** A text, or a secret in its place. */
export const secretText = z
  .unknown()
  .refine((value) => typeof value === 'string' || value instanceof Secret, 'expected a text')
  .transform((value) => value)
  .meta({ type: 'string' });
