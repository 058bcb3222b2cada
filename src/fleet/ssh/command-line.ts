/**
 * The words as one line for the shell that sshd starts, which is the account's own: SSH knows no other form. Each word stands in
 * single quotes, in which no shell looks for anything but their end, and fish for backslashes: these two stand outside, behind a
 * backslash. So none of the words can be more than a word. Throws on a NUL, which would end the line early.
 */
export function commandLine(argv: readonly string[]): string {
  if (argv.some((word) => word.includes('\0'))) throw new Error('a word of a remote command holds a NUL character');
  return argv.map((word) => `'${word.replaceAll(/['\\]/g, (character) => `'\\${character}'`)}'`).join(' ');
}
