import type { UnitText } from './unit-text.ts';
import { splitWords } from './unit-words.ts';

type Value = string | number | boolean | readonly string[] | { readonly [key: string]: string | boolean };

/** What of a unit launchd has no word for and needs none: order is by demand, and there is one way to start at boot. */
const needless = new Set([
  ...['Description', 'Documentation', 'After', 'Before', 'Wants', 'Requires', 'StartLimitIntervalSec', 'StartLimitBurst'].map(
    (key) => `Unit.${key}`,
  ),
  ...['WantedBy', 'RequiredBy', 'Alias', 'Also'].map((key) => `Install.${key}`),
]);
const translated = new Set(
  'Type ExecStart WorkingDirectory Environment User Group Restart RestartSec StandardOutput StandardError UMask Nice'
    .split(' ')
    .map((key) => `Service.${key}`),
);

/**
 * The launchd property list of a job that does what a systemd service does. What launchd cannot do the same way is a fault:
 * a job that lacks half of its settings is worse than none.
 */
export function toPlist(
  label: string,
  unit: UnitText,
  isEnabled: boolean,
): { readonly text: string; readonly faults: readonly string[] } {
  const faults = unit.keys
    .filter((key) => !needless.has(key) && !translated.has(key) && !key.startsWith('X-'))
    .map((key) => `launchd has nothing for ${key.replace('.', ' ')}=`);
  const service = (key: string): string | undefined => unit.value('Service', key);
  const type = service('Type') ?? 'simple';
  if (!['simple', 'exec', 'oneshot'].includes(type)) faults.push(`launchd has no Type=${type}`);
  const output = (key: string): string | undefined => {
    const value = service(key);
    const path = /^(?:append|file|truncate):(\/.+)$/.exec(value ?? '')?.[1];
    if (value !== undefined && path === undefined && value !== 'journal') faults.push(`launchd has no ${key}=${value}`);
    return path;
  };
  const dictionary: Readonly<Record<string, Value | undefined>> = {
    Label: label,
    ProgramArguments: argumentsOf(unit, faults),
    WorkingDirectory: service('WorkingDirectory'),
    EnvironmentVariables: environmentOf(unit, faults),
    UserName: service('User'),
    GroupName: service('Group'),
    RunAtLoad: isEnabled,
    KeepAlive: keepAlive(service('Restart'), faults),
    ThrottleInterval: secondsOf(service('RestartSec'), faults),
    StandardOutPath: output('StandardOutput'),
    StandardErrorPath: output('StandardError'),
    // A number in decimal, however it is written there.
    Umask: service('UMask') === undefined ? undefined : Number.parseInt(service('UMask')!, 8),
    Nice: service('Nice') === undefined ? undefined : Number(service('Nice')),
  };
  return { text: toXml(dictionary), faults };
}

function argumentsOf(unit: UnitText, faults: string[]): readonly string[] {
  const commands = unit.values('Service', 'ExecStart');
  if (commands.length > 1) faults.push('launchd runs one ExecStart= only');
  const words = splitWords(commands.at(-1) ?? '');
  if (!words || words.length === 0) {
    faults.push('ExecStart= cannot be read');
    return [];
  }
  const [program = '', ...rest] = words;
  if (!program.startsWith('/')) faults.push('ExecStart= needs an absolute path, without a prefix such as "-" or "!"');
  for (const word of words)
    if (/\$|%(?!%)/.test(word.replaceAll('%%', '').replaceAll('$$', '')))
      faults.push(`launchd expands neither variables nor specifiers: "${word}"`);
  return [program, ...rest].map((word) => word.replaceAll('%%', '%').replaceAll('$$', '$'));
}

function environmentOf(unit: UnitText, faults: string[]): Readonly<Record<string, string>> | undefined {
  const pairs = unit.values('Service', 'Environment').flatMap((value) => {
    const words = splitWords(value);
    if (!words) faults.push('Environment= cannot be read');
    return words ?? [];
  });
  if (pairs.length === 0) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1).replaceAll('%%', '%')]),
  );
}

function keepAlive(restart: string | undefined, faults: string[]): Value | undefined {
  if (restart === undefined || restart === 'no') return undefined;
  if (restart === 'always') return true;
  if (restart === 'on-failure') return { SuccessfulExit: false };
  faults.push(`launchd has no Restart=${restart}`);
  return undefined;
}

function secondsOf(text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = 's'] = /^(\d+)(s|min|m|h)?$/.exec(text) ?? [];
  if (count === undefined) faults.push(`launchd takes whole seconds, not RestartSec=${text}`);
  return Number(count) * ({ s: 1, min: 60, m: 60, h: 3600 }[unit] ?? 1);
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function toXml(dictionary: Readonly<Record<string, Value | undefined>>): string {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    ...dictLines(dictionary),
    '</plist>',
    '',
  ];
  return lines.join('\n');
}

const dictLines = (dictionary: Readonly<Record<string, Value | undefined>>): readonly string[] => [
  '<dict>',
  ...Object.entries(dictionary).flatMap(([key, value]) =>
    value === undefined ? [] : [`  <key>${escape(key)}</key>`, ...valueLines(value).map((line) => `  ${line}`)],
  ),
  '</dict>',
];

function valueLines(value: Value): readonly string[] {
  if (typeof value === 'string') return [`<string>${escape(value)}</string>`];
  if (typeof value === 'number') return [`<integer>${value}</integer>`];
  if (typeof value === 'boolean') return [value ? '<true/>' : '<false/>'];
  if (isList(value)) return ['<array>', ...value.map((each) => `  <string>${escape(each)}</string>`), '</array>'];
  return dictLines(value);
}

const isList = (value: Value): value is readonly string[] => Array.isArray(value);
