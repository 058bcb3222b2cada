import { unitSuffixes } from './unit-text.ts';

/** Whose service manager a unit belongs to, and where its files are. */
export interface UnitPlace {
  /** With its suffix: `nginx.service`. */
  readonly name: string;
  /** Whose user manager; absent: the system's. */
  readonly user?: string;
  /** Of the user. */
  readonly home?: string;
  /** A job of launchd on macOS; absent: a unit of systemd. */
  readonly manager?: 'launchd';
}

const launchdSuffix = '.plist';
const systemDirectory = '/etc/systemd/system';

/** What is made of other files, such as init scripts and /etc/fstab, whenever systemd reads its units. */
export const generatorDirectories = ['/run/systemd/generator', '/run/systemd/generator.late'] as const;

/** Where systemd looks besides, first match first. `/lib` is another place only where it is no link to `/usr/lib`. */
const elsewhere = {
  system: [
    '/run/systemd/system',
    generatorDirectories[0],
    '/usr/local/lib/systemd/system',
    '/lib/systemd/system',
    '/usr/lib/systemd/system',
    generatorDirectories[1],
  ],
  user: [
    '/etc/systemd/user',
    '/run/systemd/user',
    '/usr/local/lib/systemd/user',
    '/usr/share/systemd/user',
    '/usr/lib/systemd/user',
  ],
} as const;

/** Where the files of administrators stand: the only place that is written. */
export function unitDirectory({ home, manager }: UnitPlace): string {
  if (manager === 'launchd') return home === undefined ? '/Library/LaunchDaemons' : `${home}/Library/LaunchAgents`;
  return home === undefined ? systemDirectory : `${home}/.config/systemd/user`;
}

/** The file name of a launchd job. */
export const plistName = (label: string): string => label + launchdSuffix;
export const labelOf = ({ name }: UnitPlace): string => name.slice(0, -launchdSuffix.length);

export const unitPath = (place: UnitPlace): string => `${unitDirectory(place)}/${place.name}`;
export const dropInDirectory = (place: UnitPlace): string => `${unitPath(place)}.d`;
export const dropInPath = (place: UnitPlace, name: string): string => `${dropInDirectory(place)}/${name}.conf`;
export const runtimePath = ({ name }: UnitPlace): string => `/run/systemd/system/${name}`;
export const lingerFile = (user: string): string => `/var/lib/systemd/linger/${user}`;

export const otherDirectories = ({ user, manager }: UnitPlace): readonly string[] =>
  manager === 'launchd' ? [] : elsewhere[user === undefined ? 'system' : 'user'];

/** `foo@.service`: cannot be started itself. */
export const isTemplate = (name: string): boolean => /@\.[a-z]+$/.test(name);

/** The template that an instance is made from; undefined for what is no instance. */
export const templateOf = (name: string): string | undefined =>
  /^[^@]+@[^@]+\.[a-z]+$/.test(name) ? name.replace(/@[^@]*(\.[a-z]+)$/, '@$1') : undefined;

/** With its suffix, which is `.service` unless it has one. */
export const withSuffix = (name: string): string =>
  unitSuffixes.some((known) => name.endsWith(`.${known}`)) ? name : `${name}.service`;

/** What the resource is called: the suffix that its kind implies is left out. */
export function unitId({ name, user }: UnitPlace, suffix: string): string {
  const implied = [`.${suffix}`, launchdSuffix].find((end) => name.endsWith(end)) ?? '';
  return `${user === undefined ? '' : `${user}/`}${name.slice(0, name.length - implied.length)}`;
}

/** The specifiers that the names in `[Install]` may hold. */
export function expandSpecifiers(text: string, name: string): string {
  const [, prefix = '', instance = ''] = /^([^@]+?)(?:@(.*))?\.[a-z]+$/.exec(name) ?? [];
  const known: Readonly<Record<string, string>> = {
    n: name,
    N: name.slice(0, name.lastIndexOf('.')),
    p: prefix,
    i: instance,
    j: prefix.slice(prefix.lastIndexOf('-') + 1),
    '%': '%',
  };
  return text.replace(/%(.)/g, (whole, letter: string) => known[letter] ?? whole);
}
