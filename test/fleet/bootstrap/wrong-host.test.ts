import { describe, expect, it } from 'vitest';
import { removeFromHost } from '../../../src/fleet/bootstrap/remove-host.ts';
import { bootstrap, machine } from './whole-machine.ts';

const signal = new AbortController().signal;

describe('a machine that is another host by its own policy', () => {
  it.each([[[]], [['unconfirmed\tyes', 'trial\tyes']]])(
    'is refused by a bootstrap before anything is done there',
    async (more) => {
      const { connection, done } = machine({ policy: 'host: web2\n', more });

      expect(await bootstrap(connection)).toMatchObject({
        verdict: 'refused',
        message: 'this machine is web2, not web1; nothing was changed',
        hint: expect.stringContaining('check its address') as string,
      });
      expect(done).toEqual([]);
    },
  );

  it.each([true, false])('keeps its agent (with --keep-state: %j)', async (keepState) => {
    const { connection, done } = machine({ policy: 'host: web2\n' });

    expect(await removeFromHost(connection, { keepState }, () => undefined, signal)).toMatchObject({ verdict: 'refused' });
    expect(done).toEqual([]);
  });
});

describe('a machine that is the host, or does not say which it is', () => {
  it.each(['host: web1\n', 'paths: { allow: [] }\n', '', '[', undefined])(
    'is brought up to date (policy: %j)',
    async (policy) => {
      const { connection } = machine(policy === undefined ? {} : { policy });

      expect(await bootstrap(connection)).toMatchObject({ verdict: 'converged' });
      expect(await removeFromHost(connection, { keepState: false }, () => undefined, signal)).toMatchObject({
        verdict: 'converged',
      });
    },
  );

  it('may go by its own name with the domain, and not by another', async () => {
    expect(await bootstrap(machine({ agent: 'web1.example' }).connection)).toMatchObject({ verdict: 'converged' });
    expect(await bootstrap(machine({ agent: 'web2' }).connection)).toMatchObject({
      verdict: 'error',
      message: 'its agent runs as web2, not as web1',
    });
  });
});
