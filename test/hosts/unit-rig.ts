import type { Report } from '../../src/model/report.ts';
import { site } from '../support/repository.ts';
import type { Host } from './boot-host.ts';

const config = '/srv/config';

/** A configuration repository on a booted host that is its only host, `box`. */
export interface UnitRig {
  /** Makes these its resources, as `site` takes them, and converges. */
  converge(resources: string, files?: Readonly<Record<string, string>>): Promise<Report>;
  /** One run of what is there. */
  run(args?: readonly string[]): Promise<Report>;
  /** How often systemd says that it has started a unit. */
  starts(unit: string): Promise<number>;
  /** Words of `systemctl show` for one unit, in the order of the properties. */
  show(unit: string, ...properties: readonly string[]): Promise<readonly string[]>;
}

export async function openUnitRig(host: Host): Promise<UnitRig> {
  await host.write(`${config}/inventory/hosts.yml`, 'all:\n  hosts:\n    box:\n');
  await host.write(`${config}/desired-state/policy.yaml`, 'destroy: { max_delete: 100, max_delete_percent: 100 }\n');
  const run: UnitRig['run'] = async (args = []) => {
    const { stdout, stderr } = await host.reconcile(['--source', config, '--host', 'box', '-o', 'json', ...args]);
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Report;
  };
  return {
    run,
    async converge(resources, files = {}) {
      for (const [name, text] of Object.entries(files)) await host.write(`${config}/${name}`, text);
      await host.write(`${config}/desired-state/site.yaml`, site(resources));
      return run();
    },
    async starts(unit) {
      await host.ask(['journalctl', '--sync']);
      const log = await host.ask(['journalctl', '--quiet', `--unit=${unit}`, '--output=cat']);
      return log.split('\n').filter((line) => line.startsWith('Started ')).length;
    },
    async show(unit, ...properties) {
      const words = await Promise.all(
        properties.map((property) => host.ask(['systemctl', 'show', '--value', `--property=${property}`, unit])),
      );
      return words.map((word) => word.trim());
    },
  };
}
