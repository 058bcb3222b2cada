import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const program = '/usr/bin/chromium';

/** Why no browser can be started here; undefined where one can. */
export const whyNoBrowser = existsSync(program) ? undefined : 'needs chromium';

/** Debian's chromium, without a window. As root it cannot have its sandbox; it is shown nothing but this machine's own pages. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: program, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
