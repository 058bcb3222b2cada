/** For every git of a bench: none of them packs what it has in the background, beside what is measured then. */
export const quietGit = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'gc.auto', GIT_CONFIG_VALUE_0: '0' };
