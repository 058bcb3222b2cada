import { basename, dirname, resolve } from 'node:path/posix';
import type { HostReader } from '../../host/host.ts';
import {
  expandSpecifiers,
  generatorDirectories,
  isTemplate,
  otherDirectories,
  templateOf,
  unitDirectory,
  type UnitPlace,
} from './unit-place.ts';
import { readUnit, type UnitText } from './unit-text.ts';

/** What `[Install]` says. */
interface Install {
  readonly wantedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly aliases: readonly string[];
  /** Units that are enabled and disabled with it. */
  readonly also: readonly string[];
}

/** A unit, and what its resource says of its start at boot, where it has one. */
export interface InstalledPlace extends UnitPlace {
  /** What its content says. */
  readonly install?: Install;
  readonly dropIns?: Readonly<Record<string, unknown>>;
  /** Texts of those of its drop-ins that say something of it. */
  readonly installDropIns?: Readonly<Record<string, string>>;
}

/** A unit and the file that defines it. */
interface Definition {
  readonly name: string;
  readonly path: string;
  readonly install: Install;
}

/** No unit file is longer. Bytes. */
const largest = 1024 * 1024;
const mostAlso = 20;
const mostHops = 5;

export function installOf(unit: UnitText): Install {
  const words = (key: string): readonly string[] =>
    unit.values('Install', key).flatMap((value) => value.split(/\s+/).filter(Boolean));
  return { wantedBy: words('WantedBy'), requiredBy: words('RequiredBy'), aliases: words('Alias'), also: words('Also') };
}

export const canBeEnabled = ({ wantedBy, requiredBy, aliases, also }: Install): boolean =>
  [...wantedBy, ...requiredBy, ...aliases, ...also].length > 0;

/** The file of a unit that somebody else brought (a package, an administrator in another place): what systemd would load. */
export function foreignFile(place: UnitPlace, host: HostReader): string | undefined {
  for (const name of [place.name, templateOf(place.name)].filter((each) => each !== undefined))
    for (const directory of otherDirectories(place)) {
      const found = follow(`${directory}/${name}`, host);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** What a unit is made from that a generator has made, and whether it is started at boot, which that says too. */
export interface Generated {
  readonly source: string;
  readonly isAtBoot: boolean;
}

export function generatedFrom(place: UnitPlace, host: HostReader): Generated | undefined {
  const path = foreignFile(place, host);
  const directory = generatorDirectories.find((each) => path?.startsWith(`${each}/`));
  if (path === undefined || directory === undefined) return undefined;
  const groups = (host.list(directory) ?? []).filter((entry) => /\.(wants|requires)$/.test(entry));
  return {
    source: readUnit(host.readFile(path, largest)?.toString('utf8') ?? '').value('Unit', 'SourcePath') ?? path,
    isAtBoot: groups.some((group) => host.stat(`${directory}/${group}/${place.name}`) !== undefined),
  };
}

/** A regular file, also behind links to another name, such as an alias. Undefined for `/dev/null`: masked. */
function follow(path: string, host: HostReader): string | undefined {
  let at = path;
  for (let hops = 0; hops < mostHops; hops++) {
    const type = host.stat(at)?.type;
    if (type === 'file') return at;
    const target = type === 'link' ? host.readLink(at) : undefined;
    if (target === undefined) return undefined;
    at = target.startsWith('/') ? target : `${dirname(at)}/${target}`;
  }
  return undefined;
}

/**
 * The unit that systemd knows by this name too, when it is not its own one: links lead to a unit of another name. A file outside
 * of the places where systemd looks is called as its link is.
 */
export function aliasedUnit(place: UnitPlace, host: HostReader): string | undefined {
  const directories = [unitDirectory(place), ...otherDirectories(place)];
  const pathOf = (name: string): string | undefined =>
    directories.map((directory) => `${directory}/${name}`).find((path) => host.stat(path));
  let { name } = place;
  for (let hops = 0; hops < mostHops; hops++) {
    const path = pathOf(name) ?? pathOf(templateOf(name) ?? name);
    if (path === undefined) return undefined;
    const link = host.stat(path)?.type === 'link' ? host.readLink(path) : undefined;
    const target = link === undefined ? path : resolve(dirname(path), link);
    const next = directories.includes(dirname(target)) ? instanceOf(basename(target), name) : name;
    if (next === name) break;
    name = next;
  }
  return name === place.name ? undefined : name;
}

/** What a template is called as the instance that `name` is. */
const instanceOf = (template: string, name: string): string =>
  isTemplate(template) && templateOf(name) !== undefined
    ? template.replace('@', name.slice(name.indexOf('@'), name.lastIndexOf('.')))
    : template;

/**
 * The unit that the links are made for, then those that its `Also=` names. `before`: as it was last applied; drop-ins that it has no
 * more go.
 */
function definitions(place: InstalledPlace, host: HostReader, before?: InstalledPlace): readonly Definition[] {
  const own = place.install;
  const found = new Map<string, Definition>();
  const visit = (name: string): void => {
    if (found.has(name) || found.size > mostAlso) return;
    const isOwn = name === place.name && own !== undefined;
    const path = isOwn ? `${unitDirectory(place)}/${name}` : definingFile({ ...place, name }, host);
    if (path === undefined) return;
    const text = isOwn ? settingsOf(own) : textAt(path, host);
    const more = name === place.name ? dropInTexts(place, host, before) : dropInTexts({ ...place, name, dropIns: {} }, host);
    const install = installOf(readUnit([text, ...more].join('\n')));
    found.set(name, { name, path, install });
    for (const other of install.also) visit(expandSpecifiers(other, name));
  };
  visit(place.name);
  return [...found.values()];
}

const textAt = (path: string, host: HostReader): string => host.readFile(path, largest)?.toString('utf8') ?? '';

const settingsOf = ({ wantedBy, requiredBy, aliases, also }: Install): string =>
  [
    '[Install]',
    ...Object.entries({ WantedBy: wantedBy, RequiredBy: requiredBy, Alias: aliases, Also: also }).map(
      ([key, names]) => `${key}=${names.join(' ')}`,
    ),
  ].join('\n');

/** By the names of the files, whatever directory they are in: of one name the first counts. */
function dropInTexts(
  { dropIns: own = {}, installDropIns: said = {}, ...place }: InstalledPlace,
  host: HostReader,
  before?: InstalledPlace,
): readonly string[] {
  const directory = unitDirectory(place);
  const found = new Map(Object.keys(own).map((name) => [`${name}.conf`, said[name] ?? '']));
  const goes = new Set(Object.keys(before?.dropIns ?? {}).map((name) => `${directory}/${place.name}.d/${name}.conf`));
  for (const name of [place.name, templateOf(place.name)].filter((each) => each !== undefined))
    for (const parent of [directory, ...otherDirectories(place)].map((each) => `${each}/${name}.d`))
      for (const entry of (host.list(parent) ?? []).filter((each) => each.endsWith('.conf'))) {
        if (found.has(entry) || goes.has(`${parent}/${entry}`)) continue;
        const path = follow(`${parent}/${entry}`, host);
        found.set(entry, path === undefined ? '' : textAt(path, host));
      }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
}

/** The file that defines a unit now. */
export const definingFile = (place: UnitPlace, host: HostReader): string | undefined =>
  [place.name, templateOf(place.name)]
    .map((name) => (name === undefined ? undefined : follow(`${unitDirectory(place)}/${name}`, host)))
    .find((path) => path !== undefined) ?? foreignFile(place, host);

/** The links that enabling a unit makes, with their targets. */
export function enablingLinks(place: InstalledPlace, host: HostReader, before?: InstalledPlace): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const { name, path, install } of definitions(place, host, before)) {
    const add = (link: string): unknown => links.set(`${unitDirectory(place)}/${expandSpecifiers(link, name)}`, path);
    for (const target of install.wantedBy) add(`${target}.wants/${name}`);
    for (const target of install.requiredBy) add(`${target}.requires/${name}`);
    for (const alias of install.aliases) if (alias !== name) add(alias);
  }
  return links;
}

/** The links that stand and enable the unit, whoever made them. */
export function standingLinks(place: InstalledPlace, host: HostReader): readonly string[] {
  const directory = unitDirectory(place);
  const entries = host.list(directory) ?? [];
  const own = [...new Set([place.name, ...definitions(place, host).map(({ name }) => name)])];
  const isOwn = (link: string): boolean => own.some((name) => enables(link, name, host));
  const aliases = entries.filter((entry) => !own.includes(entry) && isOwn(`${directory}/${entry}`));
  // By another name it is started as well.
  const names = [...own, ...aliases];
  const wanted = entries
    .filter((entry) => /\.(wants|requires)$/.test(entry))
    .flatMap((entry) => names.map((name) => [`${directory}/${entry}/${name}`, name] as const))
    .filter(([link, name]) => isOwn(link) || enables(link, name, host));
  return [...aliases.map((alias) => `${directory}/${alias}`), ...wanted.map(([link]) => link)];
}

/** The links that enable instances of a template. */
export function instanceLinks(place: UnitPlace, host: HostReader): readonly string[] {
  if (!isTemplate(place.name)) return [];
  const directory = unitDirectory(place);
  const groups = (host.list(directory) ?? []).filter((entry) => /\.(wants|requires)$/.test(entry));
  return groups.flatMap((group) =>
    (host.list(`${directory}/${group}`) ?? [])
      .filter((name) => templateOf(name) === place.name && enables(`${directory}/${group}/${name}`, name, host))
      .map((name) => `${directory}/${group}/${name}`),
  );
}

/** The links that enabling it would have to make. One that leads to the same unit by another path counts as made. */
export function missingLinks(place: InstalledPlace, host: HostReader, before?: InstalledPlace): ReadonlyMap<string, string> {
  const all = [...enablingLinks(place, host, before)];
  return new Map(all.filter(([link, target]) => !enables(link, place.name, host) && !enables(link, basename(target), host)));
}

/** Whether a link that leads to the unit, or to its template, stands there. */
function enables(link: string, name: string, host: HostReader): boolean {
  if (host.stat(link)?.type !== 'link') return false;
  const target = basename(host.readLink(link) ?? '');
  return target === name || target === templateOf(name);
}
