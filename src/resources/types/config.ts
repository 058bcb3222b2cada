import { isObject, type Json } from '../../model/json.ts';
import { converged } from '../../model/plan.ts';
import { holdsSecret, Secret } from '../../model/secret.ts';
import { carryKeys, touchedKeys } from '../carry-keys.ts';
import { formatMode, parseMode } from '../file-mode.ts';
import { formatByName, formatNames, formatOfPath, type FormatName } from '../formats/format-by-name.ts';
import { formatPath, maxDepth, parsePath, type LeafPath } from '../formats/format.ts';
import { applyKeys, diffKeys, inspectKeys, previewKeys, type KeyedFile } from '../keyed-file.ts';
import type { Leaves, LeafValue } from '../leaf-value.ts';
import { accountsOf, ownershipOf } from '../ownership.ts';
import { refuseKeys } from '../refuse-keys.ts';
import { defineResourceType, type AttributesOf, type PrepareContext, type Vocabulary } from '../resource-type.ts';

const maxLeaves = 10_000;

const spec = ({ z, absolutePath, fileMode, ownerName, validateArgv }: Vocabulary) =>
  z.strictObject({
    path: absolutePath,
    format: z.enum(formatNames).optional().meta({ description: 'Told by the extension of the path where it can be.' }),
    set: z.record(z.string(), z.unknown()).default({}).meta({
      description:
        'Keys to set: nested mappings, or dotted keys at the top ("model.default"; "a\\.b" is one key with a dot). Lists are set whole. All other keys stay.',
    }),
    unset: z
      .array(z.string())
      .default([])
      .meta({ description: 'Dotted keys that must not be there, with everything below them.' }),
    mode: fileMode.optional().meta({
      description:
        'Octal permission bits in quotes. A file that exists keeps its own without this; one that everybody may read gets no secret then.',
    }),
    owner: ownerName.optional(),
    group: ownerName.optional(),
    validate: validateArgv.optional(),
  });
type Attributes = AttributesOf<typeof spec>;

export const config = defineResourceType({
  kind: 'config',
  summary: 'Keys inside a YAML, JSON, TOML, INI or dotenv file that others also write.',
  spec,
  identify: ({ path }) => path,
  prepare,
  inspect: (desired, context) => inspectKeys(desired, context),
  diff: (desired, actual) => {
    const changes = diffKeys(desired, actual);
    return changes.length === 0 ? converged : { action: actual.type === 'absent' ? 'create' : 'update', changes };
  },
  refuses: refuseKeys,
  apply: applyKeys,
  watches: ({ path }) => [path],
  touches: ({ path }) => [path],
  modes: ({ path, mode }) => (mode === undefined ? [] : [{ path, mode }]),
  sharedFile: ({ path }) => path,
  entries: {
    of: (desired, changes) => touchedKeys(desired, changes),
    carry: carryKeys,
  },
  keys: ({ leaves }) => leaves,
  preview: previewKeys,
  requires: (desired) => accountsOf(desired),
  // The file stays: others write it too.
  absent: ({ path, format, leaves }): KeyedFile => ({ path, format, leaves: {}, unset: [], retire: leaves }),
  commands: ({ validate }) => (validate ? [validate[0]] : []),
});

function prepare(attributes: Attributes, context: PrepareContext): KeyedFile | undefined {
  const { path, set, unset, mode, owner, group, validate } = attributes;
  const format = attributes.format ?? formatOfPath(path);
  if (!format) {
    context.problem('path', 'the name of the file does not tell its format', `give "format": ${formatNames.join(', ')}`);
    return undefined;
  }
  if (Object.keys(set).length === 0 && unset.length === 0) {
    context.problem('set', 'neither "set" nor "unset" names a key');
    return undefined;
  }
  let isSound = true;
  const problem: PrepareContext['problem'] = (...words) => {
    isSound = false;
    context.problem(...words);
  };
  const leaves = leavesOfSet(set, format, problem);
  const gone = unset.flatMap((text) => {
    const path = parsePath(text);
    if (format === 'ini' && path.length === 1) return [text];
    const fit = fitted(path, '', format, (message) => problem('unset', `${text}: ${message}`));
    return fit ? [formatPath(fit[0])] : [];
  });
  checkOverlap(leaves, gone, problem);
  return isSound
    ? {
        path,
        format,
        leaves,
        unset: gone,
        ...(mode !== undefined && { mode: formatMode(parseMode(mode)) }),
        ...ownershipOf({ owner, group }),
        ...(validate && { validate }),
      }
    : undefined;
}

function leavesOfSet(set: Attributes['set'], format: FormatName, problem: PrepareContext['problem']): Leaves {
  const leaves = new Map<string, LeafValue>();
  const add = (path: LeafPath, value: unknown): void => {
    const attribute = `set.${formatPath(path)}`;
    if (leaves.size >= maxLeaves || path.length > maxDepth) return problem('set', 'too many keys, or nested too deeply');
    if (isObject(value) && !(value instanceof Secret)) {
      const members = Object.entries(value);
      if (members.length === 0) problem(attribute, 'an empty mapping sets nothing', 'to remove keys, list them under "unset"');
      for (const [key, member] of members) add([...path, key], member);
      return;
    }
    const fit = fitted(path, value as LeafValue, format, (message) => problem(attribute, message));
    if (!fit) return;
    const [keys, held] = fit;
    const leaf = formatPath(keys);
    if (leaves.has(leaf)) problem(attribute, `${leaf} is set twice`);
    leaves.set(leaf, held);
  };
  for (const [key, value] of Object.entries(set)) add(parsePath(key), value);
  return Object.fromEntries(leaves);
}

/** Path and value as the format will give them back; undefined when a fault was reported. Secrets stay secrets. */
function fitted(
  path: LeafPath,
  value: LeafValue,
  format: FormatName,
  report: (message: string) => void,
): readonly [LeafPath, LeafValue] | undefined {
  const bad = path.find((key) => key === '' || /[\0\r\n]/.test(key));
  let fault: string | undefined;
  if (bad !== undefined) fault = bad === '' ? 'a key cannot be empty' : 'a key cannot hold a line break or NUL';
  if (value === undefined) fault = 'expected a value';
  if (fault !== undefined) {
    report(fault);
    return undefined;
  }
  try {
    const { fit } = formatByName[format];
    if (!holdsSecret(value)) return fit(path, value as Json);
    const isText = format === 'ini' || format === 'dotenv';
    if (isText && !(value instanceof Secret)) throw new Error('a secret must be the whole value here');
    const [keys] = fit(path, value instanceof Secret ? value.value() : '');
    // A format of texts gives a number back as a text.
    return [keys, isText && value instanceof Secret ? Secret.of(value.reveal()) : value];
  } catch (error) {
    report((error as Error).message);
    return undefined;
  }
}

function checkOverlap(leaves: Leaves, unset: readonly string[], problem: PrepareContext['problem']): void {
  const gone = new Set(unset);
  for (const [names, attribute] of [
    [Object.keys(leaves), 'set'],
    [unset, 'unset'],
  ] as const) {
    for (const name of names) {
      const path = parsePath(name);
      if (attribute === 'set' && gone.has(name)) problem('unset', `${name} is both set and unset`);
      for (let depth = 1; depth < path.length; depth++) {
        const above = formatPath(path.slice(0, depth));
        if (Object.hasOwn(leaves, above)) problem(attribute, `${name} lies below ${above}, which is set to a value`);
        if (gone.has(above)) problem(attribute, `${name} lies below ${above}, which is unset`);
      }
    }
  }
}
