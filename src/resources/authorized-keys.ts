/** A public key line of `authorized_keys`, as sshd reads it. */
export interface KeyLine {
  /** Options as they stand in front of the key, unsplit. */
  readonly options: string;
  readonly type: string;
  /** Base64. */
  readonly blob: string;
  readonly comment: string;
}

const keyTypes = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];
const isKeyType = (word: string | undefined): boolean => word !== undefined && (keyTypes.includes(word) || word === 'ssh-dss');

/** What sshd knows; any other word makes it ignore the whole line. */
const bareOptions = [
  'agent-forwarding',
  'cert-authority',
  'no-agent-forwarding',
  'no-port-forwarding',
  'no-pty',
  'no-touch-required',
  'no-user-rc',
  'no-x11-forwarding',
  'port-forwarding',
  'pty',
  'restrict',
  'user-rc',
  'verify-required',
  'x11-forwarding',
];
const valuedOptions = ['command', 'environment', 'expiry-time', 'from', 'permitlisten', 'permitopen', 'principals', 'tunnel'];

/** Why sshd would not take a key; undefined for a good one. */
export function keyFault(key: string): string | undefined {
  const line = parseKeyLine(key);
  if (!line || line.options !== '' || !keyTypes.includes(line.type))
    return `expected a public key, such as "ssh-ed25519 AAAA... ada@laptop", of one of the types ${keyTypes.slice(0, 5).join(', ')}`;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(line.blob)) return 'the key is not base64';
  const bytes = Buffer.from(line.blob, 'base64');
  const length = bytes.length >= 4 ? bytes.readUInt32BE() : 0;
  if (bytes.toString('latin1', 4, 4 + length) !== line.type) return `the key is cut short, or not a key of the type ${line.type}`;
  return isWhole(bytes) ? undefined : 'the key is cut short, or has something behind its end';
}

/** A key is a list of fields, each with its length in front. */
function isWhole(bytes: Buffer): boolean {
  let at = 0;
  let fields = 0;
  for (; at + 4 <= bytes.length; fields++) at += 4 + bytes.readUInt32BE(at);
  return at === bytes.length && fields >= 2;
}

/** Why sshd would not take an option; undefined for a good one. */
export function optionFault(option: string): string | undefined {
  const [, name = '', value] = /^([A-Za-z0-9-]+)(=[^]*)?$/.exec(option) ?? [];
  const known = value === undefined ? bareOptions : valuedOptions;
  if (!known.includes(name.toLowerCase())) {
    const isOther = (value === undefined ? valuedOptions : bareOptions).includes(name.toLowerCase());
    if (isOther) return value === undefined ? `"${name}" needs a value: ${name}="..."` : `"${name}" takes no value`;
    return `sshd has no option "${name || option.slice(0, 40)}", and would ignore the key`;
  }
  return value === undefined || /^="(?:[^"\\\r\n\0]|\\.)*"$/.test(value)
    ? undefined
    : 'expected its value in double quotes, on one line';
}

/** The key in a line; undefined for blank lines, comments and what sshd cannot read either. */
export function parseKeyLine(text: string): KeyLine | undefined {
  const line = text.trim();
  if (line === '' || line.startsWith('#')) return undefined;
  const end = isKeyType(line.split(/[ \t]/, 1)[0]) ? 0 : optionsEnd(line);
  const [type = '', blob = '', ...comment] = line
    .slice(end)
    .trim()
    .split(/[ \t]+/);
  if (!isKeyType(type) || blob === '') return undefined;
  return { options: line.slice(0, end).trim(), type, blob, comment: comment.join(' ') };
}

/** The first blank that is not inside quotes. */
function optionsEnd(line: string): number {
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\' && line[at + 1] === '"') at++;
    else if (line[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && /[ \t]/.test(line[at]!)) return at;
  }
  return line.length;
}

export const formatKeyLine = ({ options, type, blob, comment }: KeyLine): string =>
  [options, type, blob, comment].filter((part) => part !== '').join(' ');

const isFor = (line: string, blobs: readonly string[]): boolean => blobs.includes(parseKeyLine(line)?.blob ?? '');

/** The lines with one of these keys, without their ends. */
export const linesOf = (text: string, blobs: readonly string[]): readonly string[] =>
  splitLines(text)
    .filter((line) => isFor(line, blobs))
    .map((line) => line.replace(/\r?\n$/, ''));

/**
 * Puts a line in the place of the first one with one of these keys, else at the end, and removes all others with them; without
 * a line all of them go. Every other byte stays.
 */
export function setKeyLine(text: string, blobs: readonly string[], wanted: string | undefined): string {
  let isPlaced = wanted === undefined;
  const lines = splitLines(text).flatMap((line) => {
    if (!isFor(line, blobs)) return [line];
    if (isPlaced) return [];
    isPlaced = true;
    return [`${wanted}\n`];
  });
  const rest = lines.join('');
  if (isPlaced) return rest;
  return `${rest}${rest === '' || rest.endsWith('\n') ? '' : '\n'}${wanted}\n`;
}

/** `onto`, with the lines that `from` has with these keys, in its place. */
export function carryKeyLines(blobs: readonly string[], from: string, onto: string): string {
  const lines = linesOf(from, blobs);
  return setKeyLine(onto, blobs, lines.length === 0 ? undefined : lines.join('\n'));
}

/** Each with its end, so that joined they are the text again. */
const splitLines = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
