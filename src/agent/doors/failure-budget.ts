/** How many failures are answered in full. */
interface Bucket {
  readonly size: number;
  readonly perSecond: number;
}

const perAddress: Bucket = { size: 20, perSecond: 0.2 };
const ofAll: Bucket = { size: 200, perSecond: 5 };
const mostAddresses = 1_000;

/**
 * True as long as failures from this address, and from all addresses, come slowly enough to be logged one by one. Only failures
 * are counted: whoever is let in is never asked about, so that nobody can use up the budget of a forge.
 */
export type FailureBudget = (address: string) => boolean;

/** `now`: milliseconds of a clock that nobody sets. */
export function openFailureBudget(now: () => number): FailureBudget {
  const all = openBucket(ofAll);
  const addresses = new Map<string, Take>();
  return (address) => {
    const at = now();
    const own = addresses.get(address) ?? openBucket(perAddress);
    // The address that failed longest ago is forgotten first.
    addresses.delete(address);
    addresses.set(address, own);
    if (addresses.size > mostAddresses) addresses.delete(addresses.keys().next().value as string);
    return own(at) && all(at);
  };
}

type Take = (at: number) => boolean;

function openBucket({ size, perSecond }: Bucket): Take {
  let left = size;
  let last: number | undefined;
  return (at) => {
    left = Math.min(size, left + ((at - (last ?? at)) / 1000) * perSecond);
    last = at;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
