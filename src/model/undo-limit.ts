/**
 * A file that is larger cannot be put back, and is neither replaced nor removed. Bytes. While it is saved it stands in memory
 * about five times, and the agent's unit has 1 GiB.
 */
export const largestUndo = 160 * 1024 ** 2;

/** What is kept of all runs together for taking them back. Bytes. */
export const keptUndo = 1024 ** 3;
