/** The doors in a process of their own, for tests of what a process holds: told with its port, and when asked. Ends with its parent. */
import { openRig } from './door-rig.ts';

const rig = await openRig();
const tell = (): void => {
  // What is only weakly held goes with the second.
  for (let time = 0; time < 2; time++) globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  process.send!({ number: rig.number, bytes: heapUsed + external });
};
process.on('message', tell);
process.once('disconnect', () => void rig[Symbol.asyncDispose]());
tell();
