import { sha256 } from '../../model/json.ts';
import { printableLine } from '../../report/printable.ts';
import type { Connection } from '../connection.ts';
import { ConnectionError } from '../connection.ts';
import { agentSocket } from '../visit.ts';
import { runScript, settingsDirectory } from './remote.ts';

/** What a host is before anything is done to it. Everything in it was sent by the host. */
export interface Look {
  readonly uid: number;
  readonly kernel: string;
  readonly machine: string;
  /** For people: `Debian GNU/Linux 12 (bookworm)`. */
  readonly system: string;
  /** Programs of Debian's packages are there. */
  readonly hasApt: boolean;
  readonly hasSystemd: boolean;
  /** KiB below /usr/local. */
  readonly space: number;
  /** Owner and mode of the library, `0 755`; undefined where there is none. */
  readonly library: string | undefined;
  readonly hasGit: boolean;
  readonly hasCertificates: boolean;
  /** SHA-256 of the runtimes that are there, by name. */
  readonly runtimes: ReadonlyMap<string, string>;
  /** First digits of the digest over the program's files, where they are there. */
  readonly program: string | undefined;
  readonly current: string | undefined;
  readonly confirmed: string | undefined;
  /** The Node that the unit starts. */
  readonly node: string | undefined;
  /** A version is on trial. */
  readonly isOnTrial: boolean;
  /** A run waits for its confirmation. */
  readonly isUnconfirmed: boolean;
  /** The agent runs. */
  readonly isActive: boolean;
  readonly isEnabled: boolean;
  /** Settings were written after the agent had started, and it reads them only then. */
  readonly isUnread: boolean;
  readonly policy: Buffer | undefined;
  /** SHA-256, owner and mode of the files that were asked for and are there, by path: `<digest> 0 600`. */
  readonly files: ReadonlyMap<string, string>;
}

/** How a look tells of a file of root. */
export const standing = ({ content, mode }: { readonly content: string | Buffer; readonly mode: number }): string =>
  `${sha256(content)} 0 ${mode.toString(8)}`;

/** Everything in one round: arguments are the id of the program and names of runtimes, stdin the paths of files. */
const script = `
umask 077
say() { printf '%s\\t%s\\n' "$1" "$2"; }
space() { set -- $(df -Pk /usr/local 2>/dev/null | tail -n 1); say space "\${4:-0}"; }
link() { say "$1" "$(basename "$(readlink "$lib/$1" 2>/dev/null)" 2>/dev/null)"; }
say uid "$(id -u)"
say kernel "$(uname -s)"
say machine "$(uname -m)"
say system "$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null | tr -d '"')"
command -v apt-get >/dev/null && command -v dpkg >/dev/null && say apt yes
[ -d /run/systemd/system ] && say systemd yes
space
[ -d "$lib" ] && say library "$(stat -c '%u %a' "$lib")"
command -v git >/dev/null && say git yes
[ -s /etc/ssl/certs/ca-certificates.crt ] && say certificates yes
program=$lib/versions/$1
shift
if [ -d "$program" ]; then
  say program "$(cd "$program" && find . -type f ! -path './code-cache/*' -printf '%P\\n' | LC_ALL=C sort |
    LC_ALL=C xargs -r -d '\\n' sha256sum -- | sed 's/^\\([0-9a-f]*\\)  \\(.*\\)$/\\2 \\1/' | sha256sum | cut -c 1-12)"
fi
link current
link confirmed
[ -e "$lib/update.json" ] && say trial yes
for timer in /etc/systemd/system/timmy-reconciler-confirm-*.timer; do [ -e "$timer" ] && say unconfirmed yes; done
for name in "$@"; do
  [ -x "$lib/runtime/$name/node" ] && say runtime "$name $(sha256sum <"$lib/runtime/$name/node" | cut -c 1-64)"
done
unit=timmy-reconciler.service
say node "$(sed -n 's/^ExecStart=\\([^ ]*\\) .*/\\1/p' "/etc/systemd/system/$unit" 2>/dev/null | head -n 1)"
systemctl is-active --quiet "$unit" 2>/dev/null && say active yes
systemctl is-enabled --quiet "$unit" 2>/dev/null && say enabled yes
settings=${settingsDirectory}
[ -n "$(find "$settings" -type f -cnewer ${agentSocket} 2>/dev/null | head -n 1)" ] && say unread yes
[ -f "$settings/host.yaml" ] && say policy "$(head -c 1048577 "$settings/host.yaml" | base64 -w 0)"
while IFS= read -r path; do
  [ -f "$path" ] && [ ! -L "$path" ] && say file "$(sha256sum <"$path" | cut -c 1-64) $(stat -c '%u %a' "$path") $path"
done
say end yes
`;

/** Longest answer in bytes: the policy is what can be large in it. */
const limit = 4 * 1024 * 1024;

/** Looks at everything that decides what is to do. Rejects with a `ConnectionError` when the host does not answer as one does. */
export async function lookAt(
  connection: Connection,
  {
    program,
    runtimes,
    files,
  }: { readonly program: string; readonly runtimes: readonly string[]; readonly files: readonly string[] },
): Promise<Look> {
  const stdin = files.map((path) => `${path}\n`).join('');
  const { stdout } = await runScript(connection, script, [program, ...runtimes], { stdin, limit });
  const look = parseLook(stdout);
  if (!look)
    throw new ConnectionError('garbled', 'it does not answer as a machine with a shell does', {
      hint: 'a login script that writes something (~/.bashrc, /etc/profile) must be silent without a terminal',
    });
  return look;
}

/** Undefined for an answer that is not whole. */
export function parseLook(answer: string): Look | undefined {
  const lines = answer.split('\n').map((line) => {
    const at = line.indexOf('\t');
    return { key: line.slice(0, Math.max(at, 0)), value: line.slice(at + 1) };
  });
  const all = (key: string): readonly string[] => lines.flatMap((line) => (line.key === key ? [line.value] : []));
  const text = (key: string): string | undefined => all(key)[0] || undefined;
  const has = (key: string): boolean => text(key) === 'yes';
  const number = (key: string): number => (/^\d{1,15}$/.test(text(key) ?? '') ? Number(text(key)) : Number.NaN);
  if (!has('end') || Number.isNaN(number('uid'))) return undefined;
  const policy = text('policy');
  return {
    uid: number('uid'),
    kernel: text('kernel') ?? '',
    machine: text('machine') ?? '',
    system: printableLine(text('system') ?? '').slice(0, 100),
    hasApt: has('apt'),
    hasSystemd: has('systemd'),
    space: number('space') || 0,
    library: text('library'),
    hasGit: has('git'),
    hasCertificates: has('certificates'),
    runtimes: pairs(all('runtime'), /^(?<name>\S+) (?<value>[0-9a-f]{64})$/),
    program: text('program'),
    current: text('current'),
    confirmed: text('confirmed'),
    node: text('node'),
    isOnTrial: has('trial'),
    isUnconfirmed: has('unconfirmed'),
    isActive: has('active'),
    isEnabled: has('enabled'),
    isUnread: has('unread'),
    policy: lines.some(({ key }) => key === 'policy') ? Buffer.from(policy ?? '', 'base64') : undefined,
    files: pairs(all('file'), /^(?<value>[0-9a-f]{64} \d+ \d+) (?<name>.+)$/),
  };
}

function pairs(lines: readonly string[], form: RegExp): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap((line) => {
      const { name, value } = form.exec(line)?.groups ?? {};
      return name !== undefined && value !== undefined ? [[name, value] as const] : [];
    }),
  );
}
