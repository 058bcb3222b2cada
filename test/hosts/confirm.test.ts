import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openConfirmRig, type ConfirmRig } from './confirm-rig.ts';
import { describeOnHosts } from './describe-on-hosts.ts';

const ssh = '{ port: 22, proto: tcp }';
const good = `- { kind: firewall, rules: [${ssh}] }`;
/** Nobody is locked out, but nothing gets out either. */
const cut = `- { kind: firewall, outgoing: deny, rules: [${ssh}] }\n- { kind: file, path: /srv/marker, content: bad }`;
const isCut = "iptables -S | grep -q -- '-P OUTPUT DROP'";
const isOpen = `! ${isCut}`;

describeOnHosts('a change that could cut the host off', () => {
  let rig: ConfirmRig;
  beforeAll(async () => {
    rig = await openConfirmRig();
  }, 120_000);
  afterAll(() => rig?.[Symbol.asyncDispose]());
  beforeEach(() => rig.clear());
  const within = (time: string): Promise<void> => rig.policy(`limits: { confirm_within: ${time} }\n`);
  const standing = (): Promise<string> => rig.sh('iptables -S; ip6tables -S; cat /etc/ufw/ufw.conf /etc/default/ufw; ls /srv');

  it('is confirmed by the run that made it, and then nothing is left that could take it back', async () => {
    await within('20s');
    await rig.push(good);

    expect(await rig.run()).toMatchObject({
      exit: 0,
      confirmation: { state: 'confirmed', by: 'remote', because: ['firewall[ufw]'] },
    });
    expect(await rig.sh('ufw status')).toContain('Status: active');
    expect(await rig.pending()).toBe('');
    expect(await rig.run()).toMatchObject({ exit: 0, writes: 0 });
  });

  it('is taken back by that run when the remote can be reached no more', async () => {
    await within('6s');
    const before = await standing();
    await rig.push(cut);

    const report = await rig.run();
    expect(report).toMatchObject({ exit: 6, action: 'rollback' });
    expect(report.summary).toMatch(/^Run \S+ was not confirmed within 6 s.* taken back: 2 resources are as before$/);
    expect(await standing()).toBe(before);
    expect(await rig.run()).toMatchObject({ outcome: 'refused', problems: [{ code: 'quarantined' }] });
    expect((await rig.history()).map(({ confirmation }) => confirmation?.state)).toContain('taken-back');
  }, 150_000);

  it('is confirmed by an agent in its sandbox', async () => {
    await within('20s');
    await rig.push(good);
    await rig.startAgent();
    await rig.until('ufw status | grep active && reconcile history -o json | grep confirmed');

    await rig.settled();
  });

  it('is taken back while the agent that made it is killed again and again, and the agent tells it', async () => {
    await within('10s');
    await rig.push(good);
    await rig.startAgent();
    await rig.until('reconcile history -o json | grep confirmed');
    const before = await standing();
    await rig.push(cut);
    await rig.sh('reconcile now');
    await rig.until(`${isCut} && reconcile history -o json | grep waiting`);
    await rig.until(`systemctl kill --signal=KILL timmy-reconciler; sleep 1; ${isOpen}`);
    await rig.until('journalctl --unit=timmy-reconciler --output=cat | grep "was not confirmed within 10 s"');

    expect(await standing()).toBe(before);
    await rig.until('reconcile status | grep "not applied yet"');
    await rig.settled();
  }, 150_000);

  it('is taken back after a power cut and a boot', async () => {
    await within('25s');
    const before = await standing();
    await rig.push(cut);
    await rig.startAgent();
    await rig.until(`test -e /srv/marker && ${isCut} && reconcile history -o json | grep waiting`);
    await rig.box.reboot({ powerCut: true });
    expect(await rig.sh(isCut)).toBe('');
    expect(await rig.sh('reconcile status')).toContain('reconcile confirm');
    await rig.until(`${isOpen} && ! test -e /srv/marker`);

    // ufw has left its empty chains before, and after a boot there are none.
    expect(await rig.sh('cat /etc/ufw/ufw.conf /etc/default/ufw; ls /srv')).toBe(before.slice(before.indexOf('# /etc/ufw')));
  }, 150_000);

  it('is taken back at once by a boot after the end of its time, without an agent', async () => {
    await within('10m');
    await rig.push(cut);
    await rig.startAgent();
    await rig.until(`test -e /srv/marker && reconcile history -o json | grep waiting`);
    await rig.sh('systemctl disable --quiet timmy-reconciler && systemctl kill --signal=KILL timmy-reconciler');
    const note = '/var/lib/timmy-reconciler/unconfirmed.json';
    await rig.sh(`sed -i 's/"within":600000/"within":1/' ${note}`);
    await rig.box.reboot({ powerCut: true });
    await rig.until(`! test -e /srv/marker && ${isOpen}`);

    expect((await rig.history())[0]).toMatchObject({ outcome: 'rolledBack', exit: 6 });
  }, 150_000);

  it('is taken back by its timer when the run was killed half-way and nobody comes after it', async () => {
    await within('5s');
    const before = await standing();
    await rig.push(`${cut}\n- { kind: command, argv: [sleep, '600'], unless: ['false'] }`);
    await rig.sh('systemd-run --quiet --unit=half /usr/local/bin/reconcile');
    await rig.until(isCut);
    await rig.until('pgrep -x sleep');
    await rig.sh('systemctl kill --signal=KILL half');
    await rig.until(`${isOpen} && ! test -e /srv/marker && ! systemctl list-timers --all | grep confirm-`);

    expect(await standing()).toBe(before);
  }, 150_000);
});
