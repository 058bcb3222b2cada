import { bytes } from '../../report/unified-diff.ts';

/** Parts in which an upload is told. */
const parts = 5;

/** Tells how far an upload is, a few times and not with every packet. */
export function tellProgress(what: string, tell: (message: string) => void): (sent: number, total: number) => void {
  let told = -1;
  return (sent, total) => {
    const part = Math.floor((sent / total) * parts);
    if (part <= told || part === parts) return;
    told = part;
    tell(`sends ${what}: ${bytes(sent)} of ${bytes(total)}`);
  };
}
