import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { guardStart } from './install/self-update.ts';

// Started by the unit before the agent, from the version that is confirmed: `node guard.mjs LIBRARY`. A program of its own, so
// that nothing of the version that is on trial has a say in this.
const [library] = process.argv.slice(2);
if (library === undefined) throw new Error('usage: guard.mjs LIBRARY');
const returned = guardStart(library, Date.now());
if (returned) {
  process.stderr.write(`version ${returned.version} did not confirm itself and was taken back\n`);
  const mode = process.geteuid?.() === 0 ? [] : ['--user'];
  if (returned.files.some((file) => file.endsWith('.service')) && existsSync('/run/systemd/system'))
    process.exitCode = spawnSync('systemctl', [...mode, 'daemon-reload'], { stdio: 'inherit' }).status ?? 1;
}
