import { isObject } from '../model/json.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { KeyPath, LoadedFile } from '../model/located.ts';
import { didYouMean } from '../model/nearest.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';
import { expandHostKey } from './host-key.ts';
import { addChild, addGroup, type DraftGroup, type InventoryDraft } from './inventory-draft.ts';
import type { Variable } from './inventory.ts';
import { variableAt } from './variable-at.ts';
import { isGroupName, isHostName } from './names.ts';

/** How often hosts may be named in all inventories together. */
const maxMentions = 100_000;

const sections = ['hosts', 'vars', 'children'] as const;

/** In the order in which they are written. */
type Members = readonly (readonly [name: string, value: Json])[];

/**
 * Adds what one YAML inventory says to the draft, in the order in which it says it. Wrong parts are skipped and returned as
 * problems, also those of which Ansible only warns: a host under a misspelt key would otherwise silently be unmanaged.
 */
export function parseInventory(source: LoadedFile, draft: InventoryDraft): readonly Problem[] {
  const { file, value } = source;
  const problems: Problem[] = [];
  const report = (code: ProblemCode, message: string, path: KeyPath, hint?: string): Problem => {
    const problem = { code, message, at: source.keyAt(path), ...(hint !== undefined && { hint }) };
    problems.push(problem);
    return problem;
  };

  const membersOf = (mapping: JsonObject, path: KeyPath): Members =>
    source.keysOf(path).map((key) => [key, mapping[key] as Json]);

  function parseGroup(name: string, content: Json, path: KeyPath): DraftGroup | undefined {
    if (!isGroupName(name)) {
      report('bad-host-name', `${JSON.stringify(name.slice(0, 80))} is not a name for a group`, path);
      return undefined;
    }
    if (content !== null && !isObject(content)) {
      report('bad-inventory', `the group "${name}" is not a mapping; expected "hosts", "vars" and "children" in it`, path);
      return undefined;
    }
    const group = addGroup(draft, name);
    for (const [key, member] of Object.entries(content ?? {})) {
      const keyPath = [...path, key];
      const section = sections.find((known) => known === key);
      if (!section) {
        const hint = didYouMean(key, sections) ?? 'expected "hosts", "vars" or "children"';
        report('unknown-key', `unknown key "${key.slice(0, 80)}" in the group "${name}"`, keyPath, hint);
        continue;
      }
      const members = isObject(member) ? membersOf(member, keyPath) : shortSection(member);
      if (!members)
        report('bad-inventory', `"${key}" of the group "${name}" is a ${typeName(member)}; expected a mapping`, keyPath);
      else if (section === 'vars') parseVars(group, members, keyPath);
      else if (section === 'children') parseChildren(group, members, keyPath);
      else parseHosts(group, members, keyPath);
    }
    return group;
  }

  function parseVars(group: DraftGroup, members: Members, path: KeyPath): void {
    for (const [name, member] of members) setGroupVariable(group, name, member, [...path, name]);
  }

  function setGroupVariable(group: DraftGroup, name: string, member: Json, path: KeyPath): void {
    if (name !== 'ansible_group_priority') {
      group.vars.set(name, variableAt(source, path, member, `${file} (group ${group.name})`));
      return;
    }
    const isNumber =
      typeof member === 'string' ? /^\s*[+-]?\d{1,9}\s*$/.test(member) : ['number', 'boolean'].includes(typeof member);
    if (isNumber) group.priority = Math.trunc(Number(member));
    else report('wrong-type', 'ansible_group_priority is not a number', path);
  }

  function parseChildren(group: DraftGroup, members: Members, path: KeyPath): void {
    for (const [name, member] of members) {
      const child = parseGroup(name, member, [...path, name]);
      if (!child) continue;
      const circle = name === 'all' ? ['all', group.name, 'all'] : addChild(draft, group.name, name);
      if (circle) report('cycle', `the group "${name}" would contain itself: ${circle.join(' > ')}`, [...path, name]);
    }
  }

  function parseHosts(group: DraftGroup, members: Members, path: KeyPath): void {
    for (const [key, member] of members) {
      const keyPath = [...path, key];
      const expanded = expandHostKey(key);
      if ('fault' in expanded) {
        report('bad-inventory', `the host key ${JSON.stringify(key.slice(0, 80))} has ${expanded.fault}`, keyPath);
        continue;
      }
      const vars = hostVars(member);
      if (!vars) report('bad-inventory', `the variables of "${key}" are a ${typeName(member)}; expected a mapping`, keyPath);
      reportMisnamed(expanded.hosts, keyPath);
      draft.mentions += expanded.hosts.length;
      if (draft.mentions > maxMentions) {
        report('too-large', `more than ${maxMentions} hosts in the inventory, each counted as often as it is named`, keyPath);
        return;
      }
      const positions = Object.entries(vars ?? {}).map(([name, value]) => ({ name, value, path: [...keyPath, name] }));
      for (const host of expanded.hosts) addHost(group, host, expanded.port, positions, keyPath);
    }
  }

  /** A range is told once, and so is a name that is in many groups. */
  function reportMisnamed(hosts: readonly string[], path: KeyPath): void {
    const wrong = hosts.filter((host) => !isHostName(host) && !draft.misnamed.has(host));
    if (wrong[0] === undefined) return;
    const hint = 'expected letters, digits, dots, dashes and underscores, or an address';
    const problem = report('bad-host-name', `${JSON.stringify(wrong[0].slice(0, 80))} is not a name for a host`, path, hint);
    for (const host of wrong) draft.misnamed.set(host, problem);
  }

  function addHost(
    group: DraftGroup,
    host: string,
    port: number | undefined,
    vars: readonly { readonly name: string; readonly value: Json; readonly path: KeyPath }[],
    path: KeyPath,
  ): void {
    const layer = `${file} (host ${host})`;
    const known = draft.hosts.get(host);
    const own = known ?? new Map<string, Variable>();
    draft.hosts.set(host, own);
    if (!known && port !== undefined) own.set('ansible_port', { value: port, layer, at: source.at(path) });
    group.hosts.add(host);
    // As in Ansible, a group of the same name takes the variables.
    const namesake = draft.groups.get(host);
    for (const { name, value, path: valuePath } of vars) {
      if (namesake) setGroupVariable(namesake, name, value, valuePath);
      else own.set(name, variableAt(source, valuePath, value, layer));
    }
  }

  if (value === null) return problems;
  if (!isObject(value)) {
    report(
      'bad-inventory',
      `the inventory is a ${typeName(value)}; expected a mapping of groups`,
      [],
      'INI inventories are not read',
    );
  } else if (value['plugin']) {
    report('bad-inventory', 'the configuration of an inventory plugin; only static YAML inventories are read', ['plugin']);
  } else {
    for (const [name, content] of membersOf(value, [])) parseGroup(name, content, [name]);
  }
  return problems;
}

/** A section that is no mapping may be a single name, or empty; undefined when it is neither. */
function shortSection(section: Json): Members | undefined {
  if (section === null) return [];
  return typeof section === 'string' ? [[section, null]] : undefined;
}

/** Anything that Python takes for empty stands for no variables. */
function hostVars(member: Json): JsonObject | undefined {
  if (!member || (Array.isArray(member) && member.length === 0)) return {};
  return isObject(member) ? member : undefined;
}

const typeName = (value: unknown): string => (Array.isArray(value) ? 'list' : typeof value === 'string' ? 'text' : typeof value);
