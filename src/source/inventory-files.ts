import type { InventoryFiles, VariableFile } from '../model/documents.ts';
import { inventoryAsYaml } from '../model/inventory-as-yaml.ts';
import type { LoadedFile } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/revision.ts';
import { readYaml } from './yaml.ts';
import { sizeProblem, yamlBounds } from './yaml-bounds.ts';

const directory = 'inventory';
const variableDirectories = ['group_vars', 'host_vars'] as const;
/** The order in which Ansible looks for the variables of a name; the first that exists hides the others. */
const extensions = ['', '.yml', '.yaml', '.json'] as const;
/** What Ansible skips when a directory is the inventory. */
const ignoredName = /^\.|^(?:group_vars|host_vars|vars_plugins)$|(?:\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|ini|cfg|retry)|~)$/;

/** A directory of the source tree: names to files (a path) or further directories. */
type Directory = Map<string, string | Directory>;

/** Chooses and reads the files of `inventory/` by Ansible's rules. Never throws; what cannot be read is a problem. */
export function loadInventoryFiles(files: SourceTree): InventoryFiles {
  const problems: Problem[] = [];
  const listed = files.list(directory);
  const root = treeOf(listed.map(({ path }) => path));
  const sizes = new Map(listed.map(({ path, size }) => [path, size]));
  const load = (path: string): LoadedFile | undefined => {
    const tooLarge = sizeProblem(path, sizes.get(path) ?? 0);
    if (tooLarge) problems.push(tooLarge);
    const bytes = tooLarge ? undefined : files.read(path);
    if (!bytes) return undefined;
    if (bytes.subarray(0, 15).toString('latin1') === '$ANSIBLE_VAULT;') {
      const message = 'the whole file is encrypted by ansible-vault';
      const hint = 'decrypt it, and encrypt its values one by one: `ansible-vault encrypt_string` writes them as `!vault`';
      problems.push({ code: 'bad-inventory', message, at: { file: path, line: 1, column: 1 }, hint });
      return undefined;
    }
    const { loaded, problems: found } = readYaml(path, bytes, { version: isJson(bytes) ? '1.2' : '1.1' });
    problems.push(...found);
    return loaded;
  };

  const inventories: LoadedFile[] = [];
  for (const path of inventoryPaths(root)) {
    if (extensions.some((known) => known === extensionOf(path))) {
      const isSmall = (sizes.get(path) ?? 0) <= yamlBounds.bytes;
      if (isSmall && iniSection.test(files.read(path)?.toString('latin1') ?? ''))
        problems.push(notYaml(path, 'an INI inventory'));
      else {
        const loaded = load(path);
        if (loaded) inventories.push(loaded);
      }
    } else problems.push(notYaml(path, 'not a YAML inventory; expected a name that ends in .yml, .yaml or .json'));
  }
  const [groupVars = [], hostVars = []] = variableDirectories.map((name) => {
    const entry = root.get(name);
    return entry instanceof Map ? variableFiles(entry, load) : [];
  });
  return { inventories, groupVars, hostVars, problems };
}

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

function variableFiles(from: Directory, load: (path: string) => LoadedFile | undefined): readonly VariableFile[] {
  const names = new Map<string, string>();
  for (const [entry] of sorted(from)) {
    const extension = extensionOf(entry);
    const name = extensions.some((known) => known === extension) ? entry.slice(0, entry.length - extension.length) : entry;
    if (!entry.startsWith('.') && !entry.endsWith('~') && !names.has(name)) names.set(name, firstOf(from, name) ?? entry);
  }
  return [...names].flatMap(([name, entry]) => {
    const found = from.get(entry) ?? '';
    const paths = found instanceof Map ? pathsBelow(found) : [found];
    return paths.map(load).flatMap((loaded) => (loaded ? [{ name, loaded }] : []));
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
