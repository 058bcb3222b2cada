const small = '--max-semi-space-size=1';
/**
 * A small nursery, and no compilers: what they make and what of Node they touch takes more memory than they save time in a process
 * that mostly waits for the disk and for git. And where SIGUSR1, which means "look again", comes before anybody listens, Node's
 * debugger takes nobody who cannot read what the agent says.
 */
const flags = [small, '--no-opt', '--no-maglev', '--no-sparkplug', '--inspect-publish-uid=stderr'] as const;
/** Large buffers go back to the system as soon as they are free, instead of leaving holes in a heap that only grows. */
const allocator = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '32768', MALLOC_TRIM_THRESHOLD_: '131072' } as const;

/**
 * Begins this process anew, under the same id and with the same standard streams, with settings that only the start of a process can
 * have: an idle agent is a third smaller with them. Returns where they are set already, or cannot be.
 */
export function startSmall(): void {
  if (process.execArgv.includes(small)) {
    // Nothing that the agent starts is to have them.
    for (const name of Object.keys(allocator)) delete process.env[name];
    return;
  }
  const argv = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(process.execPath, argv, { ...process.env, ...allocator });
}
