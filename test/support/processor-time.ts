/** Milliseconds of a processor that this process has had: what a limit of time means on a machine that is busy with other tests too. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
