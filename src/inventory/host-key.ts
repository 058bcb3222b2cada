/** What a key under `hosts:` stands for. */
type HostKey = { readonly hosts: readonly string[]; readonly port?: number } | { readonly fault: string };

/** Hosts that one key may stand for. */
const maxHosts = 50_000;
/** Of one key; ranges are read by recursion. */
const maxLength = 1_000;

const range = String.raw`\[(?:[A-Za-z]:[A-Za-z]|\d+:\d+)(?::\d+)?\]`;
const label = String.raw`(?:\w|${range})(?:[\w-]|${range})*(?<![_-])`;
const hostName = new RegExp(String.raw`^${label}(?:\.${label})*$`);
const withPort = /^((?:[^:[\]]|\[[^\]]*\])*):(\d{1,5})$/;
const bracketedWithPort = /^\[(.+)\]:(\d{1,5})$/;
const ipv6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Whether Ansible takes the text as one address, ranges and port included, and so does not split it at its colons. */
export const isAddress = (text: string): boolean => {
  const address = splitPort(text).address;
  return hostName.test(address) || ipv6.test(address);
};

/** Expands `web[01:20:2].example:2222` as Ansible does: ranges in order, one port for all. */
export function expandHostKey(text: string): HostKey {
  if (text.length > maxLength) return { fault: `more than ${maxLength} characters` };
  const { address, port } = splitPort(text);
  const hosts = expandRanges(address, maxHosts);
  if (typeof hosts === 'string') return { fault: hosts };
  return port === undefined ? { hosts } : { hosts, port };
}

function splitPort(text: string): { readonly address: string; readonly port?: number } {
  const found = bracketedWithPort.exec(text) ?? withPort.exec(text);
  const [, address = '', port] = found ?? [];
  return found && (hostName.test(address) || ipv6.test(address)) ? { address, port: Number(port) } : { address: text };
}

/** The names, or what is wrong. */
function expandRanges(text: string, most: number): readonly string[] | string {
  const open = text.indexOf('[');
  if (open < 0) return text.includes(']') ? 'a "]" without "["' : [text];
  const close = text.indexOf(']', open);
  if (close < 0) return 'a "[" without "]"';
  const members = rangeMembers(text.slice(open + 1, close), most);
  if (typeof members === 'string') return members;
  const tails = expandRanges(text.slice(close + 1), Math.floor(most / members.length));
  if (typeof tails === 'string') return tails;
  const head = text.slice(0, open);
  return members.flatMap((member) => tails.map((tail) => head + member + tail));
}

function rangeMembers(text: string, most: number): readonly string[] | string {
  const bounds = text.split(':');
  const [begin = '', end = '', step = '1'] = bounds;
  if (bounds.length < 2 || bounds.length > 3 || end === '')
    return `the range [${text}]; expected [begin:end] or [begin:end:step]`;
  const stride = Number(step);
  if (!/^\d+$/.test(step) || stride === 0) return `the range [${text}]; expected a step of 1 or more`;

  const isAlpha = /^[A-Za-z]$/.test(begin) && /^[A-Za-z]$/.test(end);
  if (!isAlpha && !/^\d{0,15}:\d{1,15}$/.test(`${begin}:${end}`))
    return `the range [${text}]; expected two numbers or two letters`;
  const first = isAlpha ? letters.indexOf(begin) : Number(begin);
  const last = isAlpha ? letters.indexOf(end) : Number(end);
  if (first > last) return `the range [${text}], which ends before it begins`;
  const isPadded = /^0\d/.test(begin);
  if (isPadded && begin.length !== end.length)
    return `the range [${text}]; expected bounds of the same length, as the first is zero padded`;

  const count = Math.floor((last - first) / stride) + 1;
  if (count > most) return `ranges of more than ${maxHosts} hosts`;
  return Array.from({ length: count }, (_, index) => {
    const value = first + index * stride;
    return isAlpha ? letters.charAt(value) : String(value).padStart(isPadded ? begin.length : 0, '0');
  });
}
