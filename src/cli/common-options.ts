import type { OptionEntry } from './command-entry.ts';

/** Options that mean the same for every command that has them. */
export const root: OptionEntry = {
  flags: '--root <dir>',
  summary: 'a directory to treat as /, for trying and for images',
};
export const source: OptionEntry = {
  flags: '--source <path>',
  summary: 'the configuration repository (default: the one around the current directory)',
};
export const tags: OptionEntry = {
  flags: '--tags <tags>',
  summary: 'only resources with one of these tags, separated by commas',
  names: 'tags',
};
export const output = (...choices: readonly string[]): OptionEntry => ({
  flags: '-o, --output <format>',
  summary: 'the form of the output',
  choices,
});
