/** What a unit is made for. `system`: root, the whole host; `user`: one account's own files. */
export type Scope = 'system' | 'user';

export const unitName = 'timmy-reconciler.service';

/** The systemd unit of the agent. `node` and `library` are absolute paths as the host sees them. */
export function makeUnit({
  scope,
  node,
  library,
}: {
  readonly scope: Scope;
  readonly node: string;
  readonly library: string;
}): string {
  return `# Written by \`reconcile install\`; a change belongs into a drop-in: systemctl ${scope === 'user' ? '--user ' : ''}edit ${unitName}
[Unit]
Description=Keeps ${scope === 'user' ? 'the files of this account' : 'this host'} as the configuration repository says
${scope === 'user' ? '' : network}# An agent that gives up is worse than one that tries every few seconds.
StartLimitIntervalSec=0

[Service]
Type=notify
# Notifications are sent by systemd-notify, a child of the agent.
NotifyAccess=all
# The last confirmed version decides whether a newer one that never confirmed may start once more.
ExecStartPre=-${word(node)} ${word(`${library}/confirmed/guard.mjs`)} ${word(library)}
ExecStart=${word(node)} --disable-proto=delete --inspect-publish-uid=stderr ${word(`${library}/current/reconcile.mjs`)} agent
Restart=always
RestartSec=5
WatchdogSec=120
TimeoutStartSec=120
# The agent ends or takes back its step within 5 seconds; the rest is for what it has started.
TimeoutStopSec=30
KillMode=mixed
LimitCORE=0
MemoryMax=1G
UMask=0077
${scope === 'user' ? userService : systemService}
[Install]
WantedBy=${scope === 'user' ? 'default.target' : 'multi-user.target'}
`;
}

const network = 'Wants=network-online.target\nAfter=network-online.target\n';

const systemService = `StateDirectory=timmy-reconciler
StateDirectoryMode=0700
OOMScoreAdjust=-500

# What the agent starts (validations, commands) has the same limits; package tools run in units of their own, without them.
NoNewPrivileges=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@mount @swap @reboot @raw-io @debug @clock @module @obsolete @cpu-emulation
# Owners and modes of any file, running a command as its user, file capabilities of packages, ending what hangs; checks of a
# configuration that open its ports, such as nginx -t.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_SETFCAP CAP_SETGID CAP_SETUID CAP_KILL CAP_NET_BIND_SERVICE

# Left out on purpose:
# ProtectSystem, ReadWritePaths   managed paths are wherever the repository says, in /etc, /var and /usr; the host policy bounds them
# ProtectHome                     accounts have managed files and crontabs
# PrivateTmp                      the agent would manage another /tmp than everybody sees
# ProtectProc, ProcSubset         health checks look at processes of other users, facts at /proc
# RestrictSUIDSGID                packages and managed directories have setuid and setgid modes
# MemoryDenyWriteExecute          JavaScript is compiled while it runs
# User, PrivateUsers              owners are set to any account
# PrivateNetwork, IPAddressDeny   remotes, forges and chats are anywhere
`;

const userService = `
# Left out on purpose:
# StateDirectory                  systemd before 254 puts it beside the host policy, where \`reconcile\` in a shell does not look
# NoNewPrivileges and all that    crontab, which changes the account's own jobs, is a setgid program; a user's manager can set
# implies it                      the other restrictions only together with NoNewPrivileges
`;

/** One word of a command line. In the name of a program systemd takes no escapes, so that what would need one is refused. */
function word(path: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  if (/["'\\%$\x00-\x1f\x7f]/.test(path))
    throw new Error(`${JSON.stringify(path)} cannot stand in a unit: choose a path without quotes, "\\", "%" and "$"`);
  return path.includes(' ') ? `"${path}"` : path;
}
