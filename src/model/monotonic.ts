/** Milliseconds on a clock that nobody sets. Node's `performance` has the same one, and takes two of them to load. */
export function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** Milliseconds of a processor that this thread has had. */
export function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e3;
}
