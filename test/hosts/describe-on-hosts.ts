import { beforeAll, describe } from 'vitest';
import { baseImage } from './base-image.ts';
import { whyNoHosts } from './why-no-hosts.ts';

/**
 * Tests that need booted machines: `bootHost()` works inside. Where it cannot, they are skipped and the reason is printed.
 * The image is made before the first of them; only the very first time that takes more than a moment.
 */
export function describeOnHosts(title: string, body: () => void): void {
  const reason = whyNoHosts();
  if (reason !== undefined) console.log(`skipped: ${title}: booted hosts need ${reason}`);
  describe.skipIf(reason !== undefined)(title, () => {
    beforeAll(baseImage, 600_000);
    body();
  });
}
