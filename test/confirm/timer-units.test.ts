import { describe, expect, it } from 'vitest';
import { makeTimer, makeTimerService, timerName } from '../../src/confirm/timer-units.ts';

const place = { stateDirectory: '/var/lib/x', node: '/opt/node', program: '/opt/reconcile.mjs', hostPolicy: undefined };

describe('the timer of a run that waits for its confirmation', () => {
  it('goes off after a whole term, at a boot, and again until it is gone', () => {
    expect(makeTimer('t', 90_500)).toMatch(/^OnActiveSec=91s\nOnBootSec=0\nOnUnitInactiveSec=60s$/m);
    expect(makeTimer('t', 90_500)).toMatch(/^Unit=t\.service$/m);
  });

  it('starts this program on the state of the run, and with its host policy where that is elsewhere', () => {
    const unit = makeTimerService(place);
    expect(unit).toMatch(/^Environment="RECONCILE_STATE_DIR=\/var\/lib\/x"\nExecStart=/m);
    expect(unit).toMatch(/^ExecStart="\/opt\/node" --disable-proto=delete "\/opt\/reconcile\.mjs" confirm --expire$/m);
    expect(makeTimerService({ ...place, hostPolicy: '/h.yaml' })).toMatch(/^Environment="RECONCILE_HOST_POLICY=\/h\.yaml"$/m);
  });

  it('has no path that systemd would read otherwise', () => {
    const unit = makeTimerService({ ...place, stateDirectory: '/a "b" %h $HOME \\', program: '/a "b" %h $HOME \\' });
    expect(unit).toContain('Environment="RECONCILE_STATE_DIR=/a \\"b\\" %%h $HOME \\\\"');
    expect(unit).toContain('"/a \\"b\\" %%h $$HOME \\\\" confirm --expire');
    expect(() => makeTimerService({ ...place, node: '/a\nExecStart=/b' })).toThrow('control characters');
  });

  it('is another one for another state', () => {
    expect(timerName('/a')).not.toBe(timerName('/b'));
    expect(timerName('/a')).toBe(timerName('/a'));
  });
});
