import type { InventoryFiles, OpenedVariables, VariableFile } from '../model/documents.ts';
import { inventoryAsYaml } from '../model/inventory-as-yaml.ts';
import { isObject } from '../model/json.ts';
import type { LoadedFile } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/revision.ts';
import { noSecrets, type Secret, type Vault } from '../model/secret.ts';
import { isEncrypted } from '../model/vault-header.ts';
import { readEncryptedVariables } from './encrypted-variables.ts';
import { readYaml } from './yaml.ts';
import { sizeProblem, yamlBounds } from './yaml-bounds.ts';

const directory = 'inventory';
const variableDirectories = ['group_vars', 'host_vars'] as const;
/** The order in which Ansible looks for the variables of a name; the first that exists hides the others. */
const extensions = ['', '.yml', '.yaml', '.json'] as const;
/** Texts and numbers in all encrypted files: each is looked for in whatever a run tells. */
const mostSecrets = 10_000;
/** What Ansible skips when a directory is the inventory. */
const ignoredName = /^\.|^(?:group_vars|host_vars|vars_plugins)$|(?:\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|ini|cfg|retry)|~)$/;

/** A directory of the source tree: names to files (a path) or further directories. */
type Directory = Map<string, string | Directory>;

/**
 * Chooses and reads the files of `inventory/` by Ansible's rules; encrypted files of variables are left to who needs them, for `vault`
 * to open. Never throws; what cannot be read is a problem.
 */
export function loadInventoryFiles(files: SourceTree, vault: Vault = noSecrets.vault): InventoryFiles {
  const problems: Problem[] = [];
  const secrets: Secret[] = [];
  const listed = files.list(directory);
  const root = treeOf(listed.map(({ path }) => path));
  const sizes = new Map(listed.map(({ path, size }) => [path, size]));
  const bytesOf = (path: string): Buffer | undefined => {
    const tooLarge = sizeProblem(path, sizes.get(path) ?? 0);
    if (tooLarge) problems.push(tooLarge);
    return tooLarge ? undefined : files.read(path);
  };
  const loadInventory = (path: string): LoadedFile | undefined => {
    const bytes = bytesOf(path);
    if (!bytes) return undefined;
    if (isEncrypted(bytes)) {
      problems.push(encryptedInventory(path));
      return undefined;
    }
    const { loaded, problems: found } = readAsAnsible(path, bytes);
    problems.push(...found);
    return loaded;
  };
  const decrypt = (path: string, bytes: Buffer): OpenedVariables => {
    const found = readEncryptedVariables(path, bytes, vault, (text) => readAsAnsible(path, text));
    if (secrets.length + found.secrets.length > mostSecrets) return { problems: [tooManySecrets(path)] };
    secrets.push(...found.secrets);
    return asMapping(found);
  };
  const loadVariables: LoadVariables = (path) => {
    const bytes = bytesOf(path);
    if (!bytes) return undefined;
    if (isEncrypted(bytes)) return { at: { file: path, line: 1, column: 1 }, open: once(() => decrypt(path, bytes)) };
    const read = readAsAnsible(path, bytes);
    const { problems: found, ...variables } = asMapping(read);
    problems.push(...found);
    return read.loaded && { at: read.loaded.at([]), open: () => ({ ...variables, problems: [] }) };
  };

  const inventories: LoadedFile[] = [];
  for (const path of inventoryPaths(root)) {
    if (extensions.some((known) => known === extensionOf(path))) {
      const isSmall = (sizes.get(path) ?? 0) <= yamlBounds.bytes;
      if (isSmall && iniSection.test(files.read(path)?.toString('latin1') ?? ''))
        problems.push(notYaml(path, 'an INI inventory'));
      else {
        const loaded = loadInventory(path);
        if (loaded) inventories.push(loaded);
      }
    } else problems.push(notYaml(path, 'not a YAML inventory; expected a name that ends in .yml, .yaml or .json'));
  }
  const [groupVars = [], hostVars = []] = variableDirectories.map((name) => {
    const entry = root.get(name);
    return entry instanceof Map ? variableFiles(entry, loadVariables) : [];
  });
  return { inventories, groupVars, hostVars, secrets, problems };
}

/** The same files for who asks for hosts and groups only: those of variables are not read, nor decrypted. */
export const withoutVariables = (files: SourceTree): SourceTree => ({
  ...files,
  list: (prefix) => files.list(prefix).filter(({ path }) => !/^inventory\/(?:group|host)_vars\//.test(path)),
});

type LoadVariables = (path: string) => Omit<VariableFile, 'name'> | undefined;

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** An empty file is one without variables. */
function asMapping({ loaded, problems }: OpenedVariables): OpenedVariables {
  if (!loaded || loaded.value === null || isObject(loaded.value)) return { ...(loaded && { loaded }), problems };
  return { problems: [...problems, { code: 'wrong-type', message: 'variables that are not a mapping', at: loaded.at([]) }] };
}

const readAsAnsible = (path: string, bytes: Buffer): ReturnType<typeof readYaml> =>
  readYaml(path, bytes, { version: isJson(bytes) ? '1.2' : '1.1' });

/** Ansible tries JSON first, whatever the name of the file: `1e3` is a number there, and `<<` a key like others. */
function isJson(bytes: Buffer): boolean {
  const text = bytes.toString('utf8');
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** As the first thing that is no comment: in YAML it would be a list, which no inventory is. */
const iniSection = /^(?:[ \t\r]*(?:[#;][^\n]*)?\n)*\[[\w.:-]+\][ \t]*(?:#[^\n]*)?\r?\n/;

const notYaml = (file: string, message: string): Problem => ({
  code: 'bad-inventory',
  message,
  at: { file, line: 1, column: 1 },
  hint: `INI, TOML and script inventories: \`${inventoryAsYaml(file)}\` writes them as YAML`,
});

const encryptedInventory = (file: string): Problem => ({
  code: 'bad-inventory',
  message: 'an inventory that ansible-vault has encrypted as a whole',
  at: { file, line: 1, column: 1 },
  hint: `\`ansible-vault decrypt ${file}\`; what is secret in it may stand in group_vars/ and host_vars/, in files that are encrypted as a whole`,
});

const tooManySecrets = (file: string): Problem => ({
  code: 'too-large',
  message: `more than ${mostSecrets} texts and numbers in encrypted files of variables`,
  at: { file, line: 1, column: 1 },
  hint: 'write what is no secret into files that are not encrypted',
});

function treeOf(paths: readonly string[]): Directory {
  const root: Directory = new Map();
  for (const path of paths) {
    const steps = path.split('/').slice(1);
    const name = steps.pop() ?? '';
    let at = root;
    for (const step of steps) {
      const next = at.get(step);
      const below: Directory = next instanceof Map ? next : new Map();
      at.set(step, below);
      at = below;
    }
    at.set(name, path);
  }
  return root;
}

function inventoryPaths(from: Directory): readonly string[] {
  return sorted(from)
    .filter(([name]) => !ignoredName.test(name))
    .flatMap(([, entry]) => (entry instanceof Map ? inventoryPaths(entry) : [entry]));
}

function variableFiles(from: Directory, load: LoadVariables): readonly VariableFile[] {
  const names = new Map<string, string>();
  for (const [entry] of sorted(from)) {
    const extension = extensionOf(entry);
    const name = extensions.some((known) => known === extension) ? entry.slice(0, entry.length - extension.length) : entry;
    if (!entry.startsWith('.') && !entry.endsWith('~') && !names.has(name)) names.set(name, firstOf(from, name) ?? entry);
  }
  return [...names].flatMap(([name, entry]) => {
    const found = from.get(entry) ?? '';
    const paths = found instanceof Map ? pathsBelow(found) : [found];
    return paths.map(load).flatMap((file) => (file ? [{ name, ...file }] : []));
  });
}

const firstOf = (from: Directory, name: string): string | undefined =>
  extensions.map((extension) => name + extension).find((entry) => from.has(entry));

function pathsBelow(from: Directory): readonly string[] {
  return sorted(from).flatMap(([name, entry]) => {
    if (name.startsWith('.') || name.endsWith('~')) return [];
    const extension = extensionOf(name);
    if (entry instanceof Map) return extension === '' ? pathsBelow(entry) : [];
    return extensions.some((known) => known === extension) ? [entry] : [];
  });
}

const sorted = (from: Directory): readonly (readonly [string, string | Directory])[] =>
  [...from].sort(([a], [b]) => (a < b ? -1 : 1));

/** With its dot, as Python's `splitext`; leading dots do not count. */
const extensionOf = (path: string): string => /(?<=[^./][^/]*)\.[^./]*$/.exec(path)?.[0] ?? '';
