/** Words with which sudo refuses, of many versions. */
const refusals = [
  /^sudo: .*\b(password|terminal|authentication) is required\b/,
  /^sudo: (no tty present|sorry, you must have a tty)\b/,
  /^sudo: .* setuid bit/,
  /^sudo: no valid sudoers sources found\b/,
  / is not in the sudoers file\b/,
  /^Sorry, user .* (is not allowed to execute|may not run sudo)\b/,
  // What shells say where there is none.
  /\bsudo: (command )?not found$/,
  /\bcommand not found: sudo$/,
];
/** What comes after a refusal where somebody is told of it. */
const incident = /^This incident has been reported\b/;

/**
 * The line that says, in what came on stderr, that sudo makes nobody root; undefined where it does. Its warnings come
 * before that, and before the words of a program that it has started; a program that it does not find is no refusal.
 */
export function sudoRefusal(stderr: string): string | undefined {
  const last = stderr
    .trim()
    .split('\n')
    .findLast((line) => !incident.test(line));
  return refusals.some((refusal) => refusal.test(last ?? '')) ? last : undefined;
}
