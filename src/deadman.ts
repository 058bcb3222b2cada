import { isDeadmanVerb, runDeadman } from './deadman/deadman-program.ts';

// `node deadman.mjs check --settings FILE`: the watchdog as a program of its own, which starts fast and needs nothing of the reconciler but
// this file. `reconcile deadman` does the same.
process.umask(process.umask() | 0o022);
const [verb, ...words] = process.argv.slice(2);
const settings = words[words.indexOf('--settings') + 1];
if (!isDeadmanVerb(verb) || settings === undefined || !words.includes('--settings')) {
  process.stderr.write('usage: deadman.mjs check|status|reset|beat --settings FILE [--quiet]\n');
  process.exitCode = 64;
} else {
  try {
    const { text, exit } = await runDeadman(verb, { settings, quiet: words.includes('--quiet') });
    process.stdout.write(text);
    process.exitCode = exit;
  } catch (error) {
    const { message, exit, hint } = error as Error & { readonly exit?: number; readonly hint?: string };
    process.stderr.write(`deadman: ${message}${hint === undefined ? '' : `; ${hint}`}\n`);
    process.exitCode = exit ?? 1;
  }
}
