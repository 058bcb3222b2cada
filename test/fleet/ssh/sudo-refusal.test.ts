import { describe, expect, it } from 'vitest';
import { sudoRefusal } from '../../../src/fleet/ssh/sudo-refusal.ts';
import { programError } from '../../../src/fleet/visit.ts';

const warning = 'sudo: unable to resolve host d2: Name or service not known';

describe('sudo', () => {
  it.each([
    'sudo: a password is required',
    'sudo: a terminal is required to read the password; either use the -S option or configure an askpass helper',
    'sudo: no tty present and no askpass program specified',
    'sudo: sorry, you must have a tty to run sudo',
    'sudo: interactive authentication is required',
    'sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set',
    'deploy is not in the sudoers file.  This incident will be reported.',
    "Sorry, user deploy is not allowed to execute '/usr/bin/true' as root on d2.",
    'Sorry, user deploy may not run sudo on d2.',
    'bash: line 1: sudo: command not found',
    'sh: 1: sudo: not found',
    'zsh:1: command not found: sudo',
  ])('refuses: %s', (line) => {
    expect(sudoRefusal(`${line}\n`)).toBe(line);
    expect(sudoRefusal(`${warning}\n${line}\nThis incident has been reported to the administrator.\n`)).toBe(line);
    expect(programError(1, `${line}\n`)).toMatchObject({ absence: 'denied' });
    expect(programError(127, `${line}\n`)).toMatchObject({ absence: 'denied' });
  });

  it.each(['', warning, 'sudo: reconcile: command not found', `sudo: a password is required\ngrep: x: No such file`])(
    'does not refuse: %s',
    (stderr) => {
      expect(sudoRefusal(`${stderr}\n`)).toBeUndefined();
    },
  );

  it('that finds no reconcile says that none is installed, whatever it warns of', () => {
    const missing = { absence: 'missing', message: 'reconcile is not installed there' };

    expect(programError(1, 'sudo: reconcile: command not found\n')).toMatchObject(missing);
    expect(programError(1, `${warning}\nsudo: reconcile: command not found\n`)).toMatchObject(missing);
    expect(programError(1, `${warning}\n`)).toMatchObject({ absence: 'garbled' });
  });
});
