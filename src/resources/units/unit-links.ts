import { basename, dirname } from 'node:path/posix';
import type { HostReader } from '../../host/host.ts';
import { expandSpecifiers, otherDirectories, templateOf, unitDirectory, type UnitPlace } from './unit-place.ts';
import { readUnit, type UnitText } from './unit-text.ts';

/** What `[Install]` says. */
export interface Install {
  readonly wantedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly aliases: readonly string[];
  /** Units that are enabled and disabled with it. */
  readonly also: readonly string[];
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

/** A regular file, also behind links to another name, such as an alias. Undefined for `/dev/null`: masked. */
function follow(path: string, host: HostReader): string | undefined {
  let at = path;
  for (let hops = 0; hops < 5; hops++) {
    const type = host.stat(at)?.type;
    if (type === 'file') return at;
    const target = type === 'link' ? host.readLink(at) : undefined;
    if (target === undefined) return undefined;
    at = target.startsWith('/') ? target : `${dirname(at)}/${target}`;
  }
  return undefined;
}

/** The unit that the links are made for, then those that its `Also=` names. */
function definitions(place: UnitPlace, own: Install | undefined, host: HostReader): readonly Definition[] {
  const found = new Map<string, Definition>();
  const visit = (name: string): void => {
    if (found.has(name) || found.size > mostAlso) return;
    const isOwn = name === place.name && own !== undefined;
    const path = isOwn ? `${unitDirectory(place)}/${name}` : definingFile({ ...place, name }, host);
    if (path === undefined) return;
    const install = isOwn ? own : installOf(readUnit(host.readFile(path, largest)?.toString('utf8') ?? ''));
    found.set(name, { name, path, install });
    for (const other of install.also) visit(expandSpecifiers(other, name));
  };
  visit(place.name);
  return [...found.values()];
}

/** The file that defines a unit now. */
export const definingFile = (place: UnitPlace, host: HostReader): string | undefined =>
  [place.name, templateOf(place.name)]
    .map((name) => (name === undefined ? undefined : follow(`${unitDirectory(place)}/${name}`, host)))
    .find((path) => path !== undefined) ?? foreignFile(place, host);

/** The links that enabling a unit makes, with their targets. `own`: what its content says, where the resource has one. */
export function enablingLinks(place: UnitPlace, own: Install | undefined, host: HostReader): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const { name, path, install } of definitions(place, own, host)) {
    const add = (link: string): unknown => links.set(`${unitDirectory(place)}/${expandSpecifiers(link, name)}`, path);
    for (const target of install.wantedBy) add(`${target}.wants/${name}`);
    for (const target of install.requiredBy) add(`${target}.requires/${name}`);
    for (const alias of install.aliases) if (alias !== name) add(alias);
  }
  return links;
}

/** The links that stand and enable the unit, whoever made them. */
export function standingLinks(place: UnitPlace, own: Install | undefined, host: HostReader): readonly string[] {
  const directory = unitDirectory(place);
  const names = new Set([place.name, ...definitions(place, own, host).map(({ name }) => name)]);
  const found: string[] = [];
  for (const entry of host.list(directory) ?? [])
    if (/\.(wants|requires)$/.test(entry)) {
      for (const name of names)
        if (enables(`${directory}/${entry}/${name}`, name, host)) found.push(`${directory}/${entry}/${name}`);
    } else if (!names.has(entry))
      for (const name of names) if (enables(`${directory}/${entry}`, name, host)) found.push(`${directory}/${entry}`);
  return found;
}

/** The links that enabling it would have to make. One that leads to the same unit by another path counts as made. */
export function missingLinks(place: UnitPlace, own: Install | undefined, host: HostReader): ReadonlyMap<string, string> {
  const all = [...enablingLinks(place, own, host)];
  return new Map(all.filter(([link, target]) => !enables(link, place.name, host) && !enables(link, basename(target), host)));
}

/** Whether a link that leads to the unit, or to its template, stands there. */
function enables(link: string, name: string, host: HostReader): boolean {
  if (host.stat(link)?.type !== 'link') return false;
  const target = basename(host.readLink(link) ?? '');
  return target === name || target === templateOf(name);
}
