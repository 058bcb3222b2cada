import { existsSync } from 'node:fs';
import type { CommandResult } from '../../host/host.ts';
import { ownAccount } from '../../host/own-account.ts';
import { runCommand } from '../../host/run-command.ts';
import { performInstallation, planInstallation, type Installation } from '../../install/install.ts';
import { unitName } from '../../install/unit.ts';
import { lastLines } from '../../model/last-lines.ts';
import { version } from '../../model/version.ts';
import { bundleDirectory } from '../bundle-directory.ts';
import { ExitError } from '../../model/exit-error.ts';
import type { Invocation } from '../invocation.ts';
import { rootOption } from '../request.ts';

/** Installs this program as a service: versioned bundle, links, unit. The second call changes nothing and says so. */
export async function run(invocation: Invocation): Promise<number> {
  const root = rootOption(invocation) ?? '';
  const scope = invocation.options['user'] === true ? 'user' : 'system';
  const isPrinted = invocation.options['print'] === true;
  const isStaged = invocation.options['stage'] === true;
  if (scope === 'system' && root === '' && !isPrinted && process.geteuid?.() !== 0)
    throw new ExitError(
      'usage',
      'installing for the whole host needs root',
      'run it as root, or give --user for this account alone',
    );
  const home = process.env['HOME'] || ownAccount().home;
  const place = { scope, root, home, env: process.env, node: process.execPath, bundle: bundleDirectory(), version } as const;
  const plan = planInstallation(place);
  if (isPrinted) {
    process.stdout.write(`${partLines(plan)}\n${plan.unit}`);
    return 0;
  }
  const mode = scope === 'user' ? ['--user'] : [];
  const isLive = root === '' && existsSync('/run/systemd/system');
  const isOnTrial = performInstallation(place, plan, { onTrial: isLive && !isStaged, now: Date.now() });
  const isWritten = plan.parts.some(({ action }) => action !== 'same');
  // The call before was cut off, or somebody has put the unit right by hand.
  const isUnread = isLive && !isWritten && (await isUnreadBySystemd(mode, invocation.signal));
  const isChanged = isWritten || isUnread;
  const nothing = isUnread ? 'systemd has not read the unit as it is now' : `Nothing to do: ${plan.version} is installed`;
  process.stdout.write(isWritten ? partLines(plan) : `${nothing}\n`);
  if (isLive && isStaged && isChanged) await callSystemctl(mode, ['daemon-reload'], invocation.signal);
  if (isStaged) return 0;
  // Before the start, which may fail: that too brings the version before back.
  if (isOnTrial)
    process.stdout.write(
      `${plan.version} is on trial: unless the agent converges with it within 120 seconds, the version before returns\n`,
    );
  if (isLive) await startService(mode, isChanged, invocation.signal);
  else if (root === '') process.stdout.write('systemd does not run here: the service was not started\n');
  if (isLive && scope === 'user')
    process.stdout.write(`loginctl enable-linger ${ownAccount().name} keeps it running without a login\n`);
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
  const { exitCode, stderr } = await runSystemctl(mode, words, signal);
  const command = ['systemctl', ...mode, ...words].join(' ');
  if (exitCode !== 0)
    throw new ExitError('error', `${command} failed: ${lastLines(stderr)}`, ['journalctl', ...mode, '-u', unitName].join(' '));
  process.stdout.write(`${command}\n`);
}

async function isUnreadBySystemd(mode: readonly string[], signal: AbortSignal): Promise<boolean> {
  const { stdout } = await runSystemctl(mode, ['show', '--value', '--property=NeedDaemonReload', unitName], signal);
  return stdout.trim() === 'yes';
}

function runSystemctl(mode: readonly string[], words: readonly string[], signal: AbortSignal): Promise<CommandResult> {
  const env = Object.fromEntries(
    ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return runCommand(['systemctl', ...mode, ...words], { env, timeout: 150_000 }, signal);
}
