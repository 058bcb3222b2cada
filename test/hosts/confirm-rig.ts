import { makeUnit } from '../../src/install/unit.ts';
import type { Report } from '../../src/model/report.ts';
import { site } from '../support/repository.ts';
import { bootHost, type Host } from './boot-host.ts';

const identity = '-c user.name=Ada -c user.email=ada@machine.example';
const stateFile = '/var/lib/timmy-reconciler/unconfirmed.json';
const timers = "systemctl list-units --all --no-legend 'timmy-reconciler-confirm-*'; ls /etc/systemd/system | grep confirm-";
const left = `${timers}; cat ${stateFile} 2>/dev/null`;
/** The agent's own unit, around the program that the host has. */
const unit = makeUnit({ scope: 'system', node: '/n', library: '/l' })
  .replace(/^ExecStartPre=.*\n/m, '')
  .replace(/^ExecStart=.*$/m, 'ExecStart=/usr/local/bin/reconcile agent');

/** `box`, which follows a repository over SSH on another host, `forge`. */
export interface ConfirmRig extends AsyncDisposable {
  readonly box: Host;
  sh(script: string): Promise<string>;
  /** Commits a site with these resources to what the box follows. */
  push(resources: string): Promise<void>;
  /** The host policy of the box, beside its remote. */
  policy(text: string): Promise<void>;
  /** One run of the box on its remote. */
  run(): Promise<Report>;
  startAgent(): Promise<void>;
  /** Waits on the box until a shell command succeeds. */
  until(script: string): Promise<void>;
  /** What is there of the timer, and the note beside it. */
  pending(): Promise<string>;
  /** Waits until nothing of either is left: who took a run back ends a moment after everybody knows. */
  settled(): Promise<void>;
  /** Reports of the box, newest first. */
  history(): Promise<readonly Report[]>;
  /** The newest run of the box is this one, and the box as if it had never had any. */
  clear(): Promise<void>;
}

export async function openConfirmRig(): Promise<ConfirmRig> {
  await using cleanup = new AsyncDisposableStack();
  const forge = cleanup.use(await bootHost({ name: 'forge' }));
  const box = cleanup.use(await bootHost({ name: 'box' }));
  const sh = async (script: string): Promise<string> => (await box.ask(['sh', '-c', script])).trim();
  const onForge = (script: string): Promise<string> => forge.ask(['sh', '-c', script]);
  await onForge('apt-get install -qq git && git init --quiet --bare -b main /srv/config.git && mkdir /srv/checkout');
  await sh('apt-get install -qq git ufw iptables');
  await sh(`mkdir -p /etc/timmy-reconciler && ssh-keygen -q -t ed25519 -N '' -f /etc/timmy-reconciler/key`);
  const key = await box.read('/etc/timmy-reconciler/key.pub');
  await forge.write('/root/.ssh/authorized_keys', key, 0o600);
  const hostKey = (await forge.read('/etc/ssh/ssh_host_ed25519_key.pub')).split(' ').slice(0, 2).join(' ');
  await box.write('/etc/timmy-reconciler/known_hosts', `${forge.address} ${hostKey}\n`);
  const remote = `remote:
  urls: [ssh://root@${forge.address}/srv/config.git]
  ssh_key: /etc/timmy-reconciler/key
  known_hosts: /etc/timmy-reconciler/known_hosts
  timeout: 10s
`;
  const policy = (text: string): Promise<void> =>
    box.write('/etc/timmy-reconciler/host.yaml', `host: box\n${remote}${text}`, 0o600);
  await onForge('git init --quiet -b main /srv/checkout');
  await forge.write('/srv/checkout/inventory/hosts.yml', 'all:\n  hosts:\n    box:\n');
  await forge.write('/srv/checkout/desired-state/policy.yaml', 'destroy: { max_delete: 100, max_delete_percent: 100 }\n');
  const until = async (script: string): Promise<void> =>
    void (await box.ask(['timeout', '60', 'sh', '-c', `until ${script} >/dev/null 2>&1; do sleep 0.3; done`]));
  const scope = cleanup.move();
  return {
    box,
    sh,
    policy,
    until,
    async push(resources) {
      await forge.write('/srv/checkout/desired-state/site.yaml', site(resources));
      await onForge(
        `cd /srv/checkout && git add -A && git ${identity} commit -qm next --allow-empty && git push -q /srv/config.git main`,
      );
    },
    async run() {
      const { stdout, stderr } = await box.reconcile(['-o', 'json']);
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as Report;
    },
    async startAgent() {
      await box.write('/etc/systemd/system/timmy-reconciler.service', unit);
      await sh('systemctl daemon-reload && systemctl enable --quiet timmy-reconciler && systemctl start timmy-reconciler');
    },
    pending: () => sh(`${left}; true`),
    settled: () => until(`test -z "$(${left})"`),
    async history() {
      return JSON.parse((await box.reconcile(['history', '-o', 'json'])).stdout) as Report[];
    },
    async clear() {
      await sh('systemctl disable --quiet --now timmy-reconciler 2>/dev/null; true');
      // What takes a run back may still be at work when what it took back is gone.
      await until(`test -z "$(${timers})"`);
      await sh('ufw --force reset; rm -f /etc/ufw/*.rules.*');
      await sh('rm -rf /var/lib/timmy-reconciler /srv/marker');
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}
