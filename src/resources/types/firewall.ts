import { converged, type Change, type Diff } from '../../model/plan.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';
import { findSshDoors, isOpen, type SshDoor } from '../ssh-doors.ts';
import { bootLink, bootPaths, isInForce, load, startWithHost, startsAtBoot } from '../ufw-live.ts';
import { captureUfw, restoreUfw, resumeUfw } from '../ufw-undo.ts';
import { filesOf, readSettings, ufwFileOf, ufwFiles, ufwProgram, withSetting, type UfwSettings } from '../ufw-settings.ts';
import { addressFault, composeSection, type FirewallRule } from '../ufw-rules.ts';

const spec = ({ z }: Vocabulary) => {
  const rule = z
    .strictObject({
      action: z.enum(['allow', 'deny', 'reject', 'limit']).default('allow').meta({
        description: 'limit: allow, but not more than six new connections of one address in 30 seconds.',
      }),
      port: z
        .union([
          z.number().int().min(1).max(65_535),
          z.string().regex(/^[1-9]\d{0,4}:[1-9]\d{0,4}$/, 'expected a port, or a range such as "8000:8100"'),
        ])
        .optional()
        .meta({ description: 'A port, or a range such as "8000:8100"; without it all.' }),
      proto: z.enum(['tcp', 'udp']).optional().meta({ description: 'Without it both.' }),
      from: z
        .string()
        .superRefine((from, context) => {
          const fault = addressFault(from);
          if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
        })
        .optional()
        .meta({ description: 'An address or a network; without it anybody.' }),
      interface: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/, 'expected the name of a network interface')
        .optional()
        .meta({ description: 'Only what comes in there.' }),
    })
    .superRefine(({ action, port, proto, from, interface: device }, context) => {
      const issue = (message: string): unknown => context.addIssue({ code: 'custom', message });
      const ports = String(port ?? '');
      if (port === undefined && from === undefined && device === undefined)
        issue('needs a port, an address or an interface; for all there is "incoming"');
      if (port === undefined && proto !== undefined) issue('"proto" goes with "port"');
      if (proto === undefined && (ports.includes(':') || action === 'limit' || action === 'reject'))
        issue('a range, "limit" and "reject" need "proto" and "port"');
      const [first = 0, last = first] = ports.split(':').map(Number);
      if (last < first || last > 65_535) issue('is no range of ports');
    });
  const policy = z.enum(['allow', 'deny', 'reject']);
  return z.strictObject({
    enabled: z.boolean().default(true).meta({ description: 'false: ufw lets everything through, now and after a boot.' }),
    incoming: policy.default('deny').meta({ description: 'What happens to what no rule fits.' }),
    outgoing: policy.default('allow'),
    rules: z
      .array(rule)
      .max(500)
      .meta({ description: 'All rules, in their order: the first that fits decides. Others that were made by hand go.' }),
  });
};

interface Desired {
  readonly enabled: boolean;
  readonly incoming: 'allow' | 'deny' | 'reject';
  readonly outgoing: 'allow' | 'deny' | 'reject';
  readonly rules: readonly FirewallRule[];
}

type State = {
  /** As the files say them; null where ufw is not installed. */
  readonly settings: UfwSettings | null;
  /** Whether the kernel does what the files say. Null where that is not asked. */
  readonly isLoaded: boolean | null;
  readonly isAtBoot: boolean | null;
  /** Looked for only when something is to change. */
  readonly doors: readonly SshDoor[];
};

const atBoot = 'at boot';
const policies = { allow: 'ACCEPT', deny: 'DROP', reject: 'REJECT' } as const;

/** The firewall of a Debian host. */
export const firewall = defineResourceType({
  kind: 'firewall',
  summary:
    'The rules of ufw, all of them, in force now and at boot. A plan that would close the way in by SSH is refused. It stays when it leaves git.',
  spec,
  identify: () => 'ufw',
  prepare: ({ enabled, incoming, outgoing, rules }): Desired => ({
    enabled,
    incoming,
    outgoing,
    rules: rules.map(({ action, port, proto, from, interface: device }) => ({
      action,
      ...(port !== undefined && { port: String(port) }),
      ...(proto && { proto }),
      ...(from !== undefined && { from }),
      ...(device !== undefined && { interface: device }),
    })),
  }),

  async inspect(desired, { host, signal }): Promise<State> {
    const settings = readSettings(host);
    const found = {
      settings,
      isLoaded: host.live && settings ? await isInForce(filesOf(settings, host), host, signal) : null,
      isAtBoot: host.live && desired.enabled ? startsAtBoot(host) : null,
    };
    const isDue = changesOf(desired, found).length > 0;
    return { ...found, doors: isDue ? await findSshDoors(host, signal) : [] };
  },

  diff(desired, actual): Diff {
    const changes = changesOf(desired, actual);
    return changes.length === 0 ? converged : { action: actual.settings ? 'update' : 'create', changes };
  },

  refuses({ enabled, rules, incoming }, { doors }): readonly Refusal[] {
    const closed = enabled ? doors.find((door) => !isOpen(door, rules, incoming)) : undefined;
    if (!closed) return [];
    const { port, client } = closed;
    const message =
      client === undefined
        ? `nobody could reach sshd on port ${port} any more`
        : `${client}, from where this session came by SSH on port ${port}, would be locked out`;
    const hint = `put a rule such as { port: ${port}, proto: tcp${client === undefined ? '' : `, from: ${quoted(client)}`} } first`;
    return [{ code: 'unsafe-target', message, hint }];
  },

  apply(desired, changes, { host }) {
    if (!readSettings(host)) throw new Error('ufw is not installed: let a resource of kind package bring it before');
    const wanted = wantedSettings(desired);
    for (const path of ufwFiles) {
      const own = new Set(changes.map(({ field }) => field as keyof UfwSettings).filter((field) => ufwFileOf[field] === path));
      if (own.size === 0) continue;
      const { mode, uid, gid } = host.stat(path)!;
      const before = host.readFile(path)?.toString() ?? '';
      const after = [...own].reduce((text, field) => withSetting(text, field, wanted[field]), before);
      host.writeFile(path, Buffer.from(after), { mode, uid, gid });
    }
    if (changes.some(({ field }) => field === atBoot)) startWithHost(host);
  },

  async activate(_done, { host, signal }) {
    const settings = readSettings(host);
    if (host.live && settings) await load(filesOf(settings, host), host, signal);
    return [];
  },

  undo: {
    outside: true,
    capture: (_desired, { host, signal }) => captureUfw(host, signal),
    restore: (undo, { host, signal }) => restoreUfw(undo, host, signal),
    resume: (undos, { host, signal }) => resumeUfw(undos, host, signal),
  },

  watches: () => [...ufwFiles, ufwProgram, bootLink],
  owns: () => ufwFiles,
  touches: (_desired, changes) => [...ufwFiles, ...(changes.some(({ field }) => field === atBoot) ? bootPaths : [])],
  asks: (_desired, host) => host.live,
  unsupported(_desired, host) {
    if (!host.live) return readSettings(host) ? undefined : 'needs ufw, which this root does not have';
    return host.privileged ? undefined : 'needs root to change the firewall';
  },
  leavesOut: () => 'the running firewall needs a live host',
  commands: () => ['ufw', 'sysctl'],
  ordered: true,
});

const quoted = (address: string): string => (address.includes(':') ? `"${address}"` : address);

const wantedSettings = ({ enabled, incoming, outgoing, rules }: Desired): UfwSettings => ({
  enabled: enabled ? 'yes' : 'no',
  incoming: policies[incoming],
  outgoing: policies[outgoing],
  rules: composeSection(rules, 4),
  rules6: composeSection(rules, 6),
});

function changesOf(desired: Desired, { settings: actual, isLoaded, isAtBoot }: Omit<State, 'doors'>): readonly Change[] {
  const wanted = wantedSettings(desired);
  const changes = (Object.keys(wanted) as (keyof UfwSettings)[]).flatMap((field): readonly Change[] => {
    const [from, to] = [actual?.[field] ?? null, wanted[field]];
    if (from === to) return [];
    const isSection = field === 'rules' || field === 'rules6';
    return isSection ? ruleChanges(field, from === null ? null : tuplesOf(from), tuplesOf(to)) : [{ field, from, to }];
  });
  if (isLoaded === false) changes.push({ field: 'loaded', from: false, to: true });
  if (isAtBoot === false) changes.push({ field: atBoot, from: false, to: true });
  return changes;
}

/** One for each rule that comes or goes; where only their order differs, or what stands beside them, one for all. */
function ruleChanges(field: string, from: readonly string[] | null, to: readonly string[]): readonly Change[] {
  const gone = (from ?? []).filter((rule) => !to.includes(rule)).map((rule) => ({ field, from: rule, to: null }));
  const come = to.filter((rule) => from?.includes(rule) !== true).map((rule) => ({ field, from: null, to: rule }));
  return gone.length + come.length > 0 ? [...gone, ...come] : [{ field, from: from && [...from], to: [...to] }];
}

/** What people read of a section. */
const tuplesOf = (section: string): readonly string[] =>
  section
    .split('\n')
    .filter((line) => line.startsWith('### tuple ###'))
    .map((line) => line.slice('### tuple ### '.length));
