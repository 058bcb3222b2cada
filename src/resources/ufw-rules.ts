import { isIP } from 'node:net';

/** One line of a firewall; the first that fits decides. */
export interface FirewallRule {
  readonly action: 'allow' | 'deny' | 'reject' | 'limit';
  /** One port or FIRST:LAST; absent: all. */
  readonly port?: string;
  /** Absent: both. */
  readonly proto?: 'tcp' | 'udp';
  /** An address or network; absent: anybody. */
  readonly from?: string;
  readonly interface?: string;
}

type Family = 4 | 6;

const begin = '### RULES ###\n';
const end = '### END RULES ###\n';
const anybody = { 4: '0.0.0.0/0', 6: '::/0' } as const;
const chains = { 4: 'ufw-user', 6: 'ufw6-user' } as const;
const targets = { allow: 'ACCEPT', deny: 'DROP', reject: 'REJECT --reject-with tcp-reset', limit: '' } as const;

/** What stands between the marks of `user.rules`; undefined for a file of another form. */
export function readSection(text: string): string | undefined {
  const from = text.indexOf(begin);
  if (from < 0) return undefined;
  const to = text.indexOf(end, from);
  return to < 0 ? '' : text.slice(from + begin.length, to).trim();
}

/** The file with another section. One that ufw has not written yet lacks the mark of its end, and the chains for limits of IPv6. */
export function writeSection(text: string, section: string, family: Family): string {
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end, from);
  const body = `\n${section}${section === '' ? '' : '\n\n'}${end}`;
  if (to >= 0) return `${text.slice(0, from)}${body}${text.slice(to + end.length)}`;
  const chain = chains[family];
  if (text.includes(`:${chain}-limit `)) return `${text.slice(0, from)}${body}${text.slice(from)}`;
  const declared = `:${chain}-limit - [0:0]\n:${chain}-limit-accept - [0:0]\n`;
  const limits = `-A ${chain}-limit -j REJECT\n-A ${chain}-limit-accept -j ACCEPT\n`;
  return `${text.slice(0, from - begin.length)}${declared}${begin}${body}${limits}${text.slice(from)}`;
}

/** The rules as ufw 0.36 writes them, so that it reads them as its own. */
export const composeSection = (rules: readonly FirewallRule[], family: Family): string =>
  rules
    .filter(({ from }) => from === undefined || familyOf(from) === family)
    .map((rule) => [tupleOf(rule, family), ...linesOf(rule, family)].join('\n'))
    .join('\n\n');

const familyOf = (from: string): Family => (from.includes(':') ? 6 : 4);

function tupleOf({ action, proto, port, from, interface: device }: FirewallRule, family: Family): string {
  const any = anybody[family];
  const direction = device === undefined ? 'in' : `in_${device}`;
  return `### tuple ### ${action} ${proto ?? 'any'} ${port ?? 'any'} ${any} any ${from ?? any} ${direction}`;
}

function linesOf({ action, proto, port, from, interface: device }: FirewallRule, family: Family): readonly string[] {
  const chain = chains[family];
  const protocols = proto === undefined && port !== undefined ? (['tcp', 'udp'] as const) : [proto];
  return protocols.flatMap((protocol) => {
    const match = [
      `-A ${chain}-input`,
      ...(device === undefined ? [] : [`-i ${device}`]),
      ...(protocol === undefined ? [] : [`-p ${protocol}`]),
      ...(port === undefined ? [] : [port.includes(':') ? `-m multiport --dports ${port}` : `--dport ${port}`]),
      ...(from === undefined ? [] : [`-s ${from}`]),
    ].join(' ');
    if (action !== 'limit') return [`${match} -j ${protocol === 'udp' && action === 'reject' ? 'REJECT' : targets[action]}`];
    const recent = `${match} -m conntrack --ctstate NEW -m recent`;
    return [
      `${recent} --set`,
      `${recent} --update --seconds 30 --hitcount 6 -j ${chain}-limit`,
      `${match} -j ${chain}-limit-accept`,
    ];
  });
}

/** Why ufw would not take an address, or would write it in another way. */
export function addressFault(from: string): string | undefined {
  const [address = '', length, ...rest] = from.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return 'expected an address or a network such as "10.0.0.0/8"';
  const bits = version === 4 ? 32 : 128;
  if (version === 6 && new URL(`http://[${address}]/`).hostname !== `[${address}]`)
    return `expected its short form, ${new URL(`http://[${address}]/`).hostname.slice(1, -1)}`;
  if (length === undefined) return undefined;
  if (!/^[1-9]\d{0,2}$/.test(length) || Number(length) >= bits) return `expected a length from 1 to ${bits - 1}`;
  const hostBits = (1n << BigInt(bits - Number(length))) - 1n;
  return (numberOf(address) & hostBits) === 0n ? undefined : `is an address in a network; the bits after /${length} must be 0`;
}

function numberOf(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = address.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const after = tail === undefined ? [] : words(tail);
  const zeros = Array<string>(8 - words(head).length - after.length).fill('0');
  return [...words(head), ...zeros, ...after].reduce((sum, word) => sum * 65_536n + BigInt(`0x${word}`), 0n);
}
