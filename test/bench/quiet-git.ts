import { settingsEnvironment } from '../../src/model/hardened-git.ts';

/** For every git of a bench: none of them packs what it has in the background, beside what is measured then. */
export const quietGit = settingsEnvironment({ 'gc.auto': '0' });
