import { existsSync } from 'node:fs';
import { ownAccount } from '../../host/own-account.ts';
import { runCommand } from '../../host/run-command.ts';
import { performInstallation, planInstallation, type Installation } from '../../install/install.ts';
import { unitName } from '../../install/unit.ts';
import { lastLines } from '../../model/last-lines.ts';
import { version } from '../../model/version.ts';
import { bundleDirectory } from '../bundle-directory.ts';
import { cliError } from '../cli-error.ts';
import type { Invocation } from '../invocation.ts';
import { rootOption } from '../request.ts';

/** Installs this program as a service: versioned bundle, links, unit. The second call changes nothing and says so. */
export async function run(invocation: Invocation): Promise<number> {
  const root = rootOption(invocation) ?? '';
  const scope = invocation.options['user'] === true ? 'user' : 'system';
  const isPrinted = invocation.options['print'] === true;
  const isStaged = invocation.options['stage'] === true;
  if (scope === 'system' && root === '' && !isPrinted && process.geteuid?.() !== 0)
    throw cliError('usage', 'installing for the whole host needs root', 'run it as root, or give --user for this account alone');
  const home = process.env['HOME'] || ownAccount().home;
  const place = { scope, root, home, env: process.env, node: process.execPath, bundle: bundleDirectory(), version } as const;
  const plan = planInstallation(place);
  if (isPrinted) {
    process.stdout.write(`${partLines(plan)}\n${plan.unit}`);
    return 0;
  }
  const isLive = root === '' && existsSync('/run/systemd/system');
  const isOnTrial = performInstallation(place, plan, { onTrial: isLive && !isStaged, now: Date.now() });
  const isChanged = plan.parts.some(({ action }) => action !== 'same');
  process.stdout.write(isChanged ? partLines(plan) : `Nothing to do: ${plan.version} is installed\n`);
  const mode = scope === 'user' ? ['--user'] : [];
  if (isLive && isStaged && isChanged) await callSystemctl(mode, ['daemon-reload'], invocation.signal);
  if (isStaged) return 0;
  if (isLive) await startService(mode, isChanged, invocation.signal);
  else if (root === '') process.stdout.write('systemd does not run here: the service was not started\n');
  if (isLive && scope === 'user')
    process.stdout.write(`loginctl enable-linger ${ownAccount().name} keeps it running without a login\n`);
  if (isOnTrial)
    process.stdout.write(
      `${plan.version} is on trial: unless the agent converges with it within 120 seconds, the version before returns\n`,
    );
  return 0;
}

const partLines = ({ parts }: Installation): string =>
  parts.map(({ action, path, what }) => `${action.padEnd(6)}  ${path}  (${what})\n`).join('');

/** A running service is started again only when something changed. */
async function startService(mode: readonly string[], isChanged: boolean, signal: AbortSignal): Promise<void> {
  if (isChanged) await callSystemctl(mode, ['daemon-reload'], signal);
  await callSystemctl(mode, ['enable', unitName], signal);
  await callSystemctl(mode, [isChanged ? 'restart' : 'start', unitName], signal);
}

async function callSystemctl(mode: readonly string[], words: readonly string[], signal: AbortSignal): Promise<void> {
  const env = Object.fromEntries(
    ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const { exitCode, stderr } = await runCommand(['systemctl', ...mode, ...words], { env, timeout: 150_000 }, signal);
  const command = ['systemctl', ...mode, ...words].join(' ');
  if (exitCode !== 0)
    throw cliError('error', `${command} failed: ${lastLines(stderr)}`, `journalctl ${mode.join(' ')} -u ${unitName}`);
  process.stdout.write(`${command}\n`);
}
