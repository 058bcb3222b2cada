import * as z from 'zod';
import { approval, duration, limits, windows } from './document.ts';
import { milliseconds } from './duration.ts';

/** Reaching a remote takes its time. Milliseconds. */
const shortestTerm = 5_000;
const file = z.string().startsWith('/', 'expected an absolute path');

const remote = z.strictObject({
  urls: z
    .array(z.string().min(1).max(2048))
    .min(1)
    .max(10)
    .meta({ description: 'https, ssh or a local path, without credentials; tried in this order.' }),
  branch: z.string().default('main'),
  tag: z.string().optional().meta({ description: 'Follow this tag instead of the branch.' }),
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'expected a full commit id')
    .optional()
    .meta({ description: 'Stay on this commit.' }),
  testing_branch: z
    .boolean()
    .default(false)
    .meta({ description: 'Follow `testing-<host>` while it stands on top of the branch.' }),
  user: z.string().default('git').meta({ description: 'User name that goes with the token.' }),
  token_file: file.optional().meta({ description: 'File (0600) with the token for https.' }),
  ssh_key: file.optional().meta({ description: 'Deploy key (0600) for ssh.' }),
  known_hosts: file.optional().meta({ description: 'Host keys of the ssh remotes; required for ssh.' }),
  ca_file: file.optional().meta({ description: 'Certificates that https remotes are checked against.' }),
  timeout: duration.default('120s').meta({ description: 'Longest time that one fetch may take.' }),
});

const trust = z.strictObject({
  verify: z.enum(['off', 'tip', 'every']).default('off').meta({
    description: "Whose signature is needed: nobody's, that of the newest commit, that of every commit since the last applied.",
  }),
  allowed_signers: file.optional().meta({
    description:
      'SSH keys that may sign (allowed_signers format, namespaces="git"). A key that is lost has to be taken out: `valid-before` goes by the date that a commit says of itself.',
  }),
  gpg_home: file.optional().meta({ description: 'GnuPG home with the keys that may sign.' }),
});

const hook = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower-case letters, digits and "-"'),
  forge: z.enum(['gitea', 'forgejo', 'github']),
  secret_file: file.meta({ description: 'File (0600) with the shared secret, at least 32 bytes.' }),
  previous_secret_file: file.optional().meta({ description: 'The secret before, while it is being replaced.' }),
  repositories: z.array(z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'expected owner/name')).min(1),
  branches: z
    .array(z.string())
    .default([])
    .meta({ description: 'Branches and tags whose pushes make the agent look; where none is named, those that it follows.' }),
});

const second = 1_000;
const month = 30 * 86_400_000;

const agent = z.strictObject({
  interval: duration
    .refine((text) => milliseconds(text) >= second && milliseconds(text) <= month, 'expected at least 1s and at most 30d')
    .default('5m')
    .meta({ description: 'Between two polls; each host has its own moment in it.' }),
  heal: z.boolean().default(true).meta({ description: 'Watch managed paths and repair local edits at once.' }),
  listen: z
    .strictObject({ address: z.string().default('127.0.0.1'), port: z.number().int().min(0).max(65_535) })
    .optional()
    .meta({ description: 'Where to serve HTTP; without it there is only the control socket.' }),
  hooks: z.array(hook).default([]),
  api_token_file: file
    .optional()
    .meta({ description: 'File (0600) with the token that /api, /events and the dashboard ask for.' }),
  windows: windows.default([]),
  approval: approval.prefault({}),
});

const gitea = z.strictObject({
  url: z.url(),
  token_file: file.optional().meta({ description: 'File (0600); else GITEA_TOKEN, else the usual places.' }),
  repository: z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'expected owner/name'),
  statuses: z.boolean().default(true),
  issues: z.boolean().default(true),
  pull_requests: z.boolean().default(false),
  trusted_authors: z
    .array(z.string())
    .default([])
    .meta({ description: 'Logins whose pull requests are planned with secrets and guards.' }),
});

const told = {
  on: z
    .array(z.enum(['failure', 'recovery', 'drift', 'change', 'contested', 'approval', 'suspended', 'fetch']))
    .default(['failure', 'recovery', 'contested', 'approval', 'fetch']),
  cooldown: duration.default('15m').meta({ description: 'The same thing is not told again within this time.' }),
  digest: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as "07:00"')
    .optional()
    .meta({ description: 'Local time of the daily digest.' }),
};
const channel = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('telegram'),
    chat_id: z.string(),
    token_file: file,
    api: z.url().default('https://api.telegram.org'),
    ...told,
  }),
  z.strictObject({ type: z.literal('webhook'), url: z.url(), secret_file: file.optional(), ...told }),
  z.strictObject({ type: z.literal('command'), argv: z.array(z.string()).min(1), ...told }),
]);

/** `/etc/timmy-reconciler/host.yaml`: belongs to the host; the repository can never widen it. */
export const hostPolicyDocument = z.strictObject({
  host: z.string().optional().meta({ description: 'The name of this host in the inventory.' }),
  mode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .meta({ description: 'observe: report only, change nothing on this host, whatever its assignments say.' }),
  age_identity: z.string().optional().meta({ description: 'File with the age identity that decrypts secrets.' }),
  vault_password_file: z.string().optional(),
  paths: z
    .strictObject({
      allow: z
        .array(z.string())
        .default(['/**'])
        .meta({ description: 'Globs of what may be written; "/srv/**" for a directory and all below it.' }),
      deny: z.array(z.string()).default([]).meta({ description: 'Globs of what is never written, nor what is below it.' }),
      special_modes: z.array(z.string()).default([]).meta({
        description:
          'Globs of what may be setuid, setgid or writable by everybody; of directories only the last, and none that is sticky.',
      }),
    })
    .prefault({}),
  commands: z
    .strictObject({ allow: z.array(z.string()).default(['**']) })
    .prefault({})
    .meta({ description: 'Globs of absolute program paths or names that `command` and `validate` may run.' }),
  packages: z
    .strictObject({
      allow: z.array(z.string()).default(['**']).meta({ description: 'Globs of package names that may be changed.' }),
      remove: z.enum(['never', 'allowed']).default('allowed'),
    })
    .prefault({})
    .meta({ description: 'What the configuration may do to the packages of this host.' }),
  units: z
    .strictObject({ allow: z.array(z.string()).default(['**']) })
    .prefault({})
    .meta({ description: 'Globs of the systemd units, with their suffix, that may be changed, started or stopped.' }),
  fetch: z
    .strictObject({
      hosts: z.array(z.string()).default(['**']).meta({ description: 'Globs of the host names.' }),
      http: z.boolean().default(false).meta({ description: 'Also without encryption; from this host itself it always may.' }),
    })
    .prefault({})
    .meta({ description: 'From where `download` and `git` may fetch.' }),
  provider_hosts: z.array(z.string()).optional().meta({ description: 'Host names that provider base URLs may name.' }),
  destroy: limits.optional(),
  limits: z
    .strictObject({
      confirm_within: z
        .union([duration, z.literal('off')])
        .refine((within) => within === 'off' || milliseconds(within) >= shortestTerm, 'expected at least 5s, or off')
        .default('120s')
        .meta({
          description:
            'A change of sshd, firewall, network or of the agent itself is taken back unless it is confirmed in this time; off: nobody has to.',
        }),
    })
    .prefault({}),
  remote: remote.optional().meta({ description: 'The repository that this host follows.' }),
  trust: trust.prefault({}),
  agent: agent.prefault({}),
  gitea: gitea.optional().meta({ description: 'Where the agent reports to, beside its own history.' }),
  notify: z.array(channel).default([]),
});
export type HostPolicyDocument = z.infer<typeof hostPolicyDocument>;

export type RemotePolicy = z.infer<typeof remote>;
export type TrustPolicy = z.infer<typeof trust>;
export type AgentPolicy = z.infer<typeof agent>;
export type GiteaPolicy = z.infer<typeof gitea>;
export type Channel = z.infer<typeof channel>;
