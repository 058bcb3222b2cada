import type { AbsolutePath, HostReader } from '../host/host.ts';
import type { UfwFiles } from './ufw-live.ts';
import { readSection, writeSection } from './ufw-rules.ts';

/** What the files of ufw say of what a `firewall` sets. */
export type UfwSettings = {
  readonly enabled: string;
  readonly incoming: string;
  readonly outgoing: string;
  readonly rules: string;
  readonly rules6: string;
};

export const ufwProgram: AbsolutePath = '/usr/sbin/ufw';
const switchFile: AbsolutePath = '/etc/ufw/ufw.conf';
const defaultsFile: AbsolutePath = '/etc/default/ufw';
const rulesFile: AbsolutePath = '/etc/ufw/user.rules';
const rules6File: AbsolutePath = '/etc/ufw/user6.rules';
export const ufwFiles = [switchFile, defaultsFile, rulesFile, rules6File];
export const ufwFileOf = {
  enabled: switchFile,
  incoming: defaultsFile,
  outgoing: defaultsFile,
  rules: rulesFile,
  rules6: rules6File,
} as const;
const keys = { enabled: 'ENABLED', incoming: 'DEFAULT_INPUT_POLICY', outgoing: 'DEFAULT_OUTPUT_POLICY' } as const;

export function readSettings(host: HostReader): UfwSettings | null {
  // Its files stay when its package is removed.
  if (host.live && !host.stat(ufwProgram)) return null;
  const texts = ufwFiles.map((path) => host.readFile(path)?.toString());
  const [conf, defaults, rules, rules6] = texts;
  if (conf === undefined || defaults === undefined || rules === undefined || rules6 === undefined) return null;
  const [section, section6] = [readSection(rules), readSection(rules6)];
  if (section === undefined || section6 === undefined)
    throw new Error(`${section === undefined ? rulesFile : rules6File} is not as ufw writes it; \`ufw reset\` makes it anew`);
  return {
    enabled: readKey(conf, keys.enabled).toLowerCase(),
    incoming: readKey(defaults, keys.incoming),
    outgoing: readKey(defaults, keys.outgoing),
    rules: section,
    rules6: section6,
  };
}

export const filesOf = (settings: UfwSettings, host: HostReader): UfwFiles => ({
  ...settings,
  ipv6: readKey(host.readFile(defaultsFile)?.toString() ?? '', 'IPV6').toLowerCase(),
});

const lineOf = (key: string): RegExp => new RegExp(`^${key}=.*$`, 'm');
const readKey = (text: string, key: string): string =>
  lineOf(key)
    .exec(text)?.[0]
    .slice(key.length + 1)
    .replaceAll('"', '')
    .trim() ?? '';

export function withSetting(text: string, field: keyof UfwSettings, value: string): string {
  if (field === 'rules' || field === 'rules6') return writeSection(text, value, field === 'rules' ? 4 : 6);
  const key = keys[field];
  const line = field === 'enabled' ? `${key}=${value}` : `${key}="${value}"`;
  return lineOf(key).test(text) ? text.replace(lineOf(key), line) : `${text.replace(/\n?$/, '\n')}${line}\n`;
}
