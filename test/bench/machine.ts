import { bootHost } from '../hosts/boot-host.ts';
import { openFleetRig } from '../hosts/fleet-rig.ts';
import { whyNoHosts } from '../hosts/why-no-hosts.ts';
import { compete, median } from './contest.ts';
import { commandInside, convergeInside, countChildren, openMachine } from './machine-rig.ts';
import { measure, type Sample } from './measure.ts';
import type { Row } from './table.ts';

interface Bench {
  readonly pairs: number;
  readonly work: string;
}

const longest = 0.4;
const mostChildren = 12;
const leastTimes = 20;

/** Whole machines on booted hosts: the fullest of the fleet when nothing is to do, and one that ansible keeps as well. */
export async function machineRows(bench: Bench): Promise<readonly Row[]> {
  const reason = whyNoHosts();
  if (reason !== undefined) return [{ name: 'ezra, converged', files: 0, against: '', figure: `needs ${reason}` }];
  return [...(await fullestRows(bench)), ...(await ansibleRows(bench))];
}

async function fullestRows({ pairs, work }: Bench): Promise<readonly Row[]> {
  await using host = await bootHost({ name: 'ezra' });
  const rig = await openFleetRig(host, 'ezra', 8648);
  await rig.run();
  const { outcome, writes, counts } = await rig.run();
  if (outcome !== 'converged' || writes > 0) throw new Error(`ezra is ${outcome} with ${writes} writes after its first run`);
  const ours = commandInside(host, 'reconcile', ['reconcile', '--source', '/srv/config', '--host', 'ezra']);
  const samples = Array.from({ length: pairs }, () => measure(ours, work));
  const wall = median(samples.map((sample) => sample.wall));
  const cpu = median(samples.map((sample) => sample.cpu));
  const figure = `${(wall * 1000).toFixed(0)} ms, ${(cpu * 1000).toFixed(0)} ms CPU`;
  const row = { files: counts.resources, against: '' };
  const children = countChildren(ours, '/opt/timmy/bin/node', work);
  const rows: Row[] = [{ ...row, name: 'ezra, converged', figure, target: `<= ${longest * 1000} ms`, ok: wall <= longest }];
  if (children === undefined) return [...rows, { ...row, name: 'ezra, programs started', figure: 'strace is not installed' }];
  const isFew = children <= mostChildren;
  return [...rows, { ...row, name: 'ezra, programs started', figure: String(children), target: `<= ${mostChildren}`, ok: isFew }];
}

async function ansibleRows({ pairs, work }: Bench): Promise<readonly Row[]> {
  await using host = await bootHost({ name: 'box' });
  const { args, ansible } = await openMachine(host);
  const { counts } = await convergeInside(host, args);
  // It finds everything as it would make it itself; the cron job it keeps in a file of its own form.
  const first = changedBy(measure(ansible, work));
  if (first > 1) throw new Error(`ansible changes ${first} of what we have made, not just its cron job`);
  const result = compete(
    {
      ours: commandInside(host, 'reconcile', ['reconcile', ...args]),
      theirs: ansible,
      verify: (who, sample) => {
        const isQuiet = who === 'ours' ? sample.output.startsWith('Converged: ') : changedBy(sample) === 0;
        if (!isQuiet) throw new Error(`${who} changed something\n${sample.output}`);
      },
    },
    pairs,
    work,
  );
  const { median: ratio, min, max } = result.wall;
  const times = (part: number): string => (1 / part).toFixed(0);
  return [
    {
      name: 'machine, converged',
      files: counts.resources,
      against: 'ansible-playbook',
      contest: result,
      figure: `takes ${times(ratio)} times as long (${times(max)}-${times(min)})`,
      target: `>= ${leastTimes} times`,
      ok: 1 / ratio >= leastTimes,
    },
  ];
}

function changedBy({ output }: Sample): number {
  const changed = /\bok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0\b/.exec(output)?.[1];
  if (changed === undefined) throw new Error(`ansible-playbook gives no recap\n${output.slice(-2_000)}`);
  return Number(changed);
}
