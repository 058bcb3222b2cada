import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openScene } from '../support/agent-scene.ts';
import { isLong } from '../faults/fault-rig.ts';

const seed = Number(process.env['SEED'] ?? 4711);
const kills = isLong ? 100 : 8;
const names = Array.from({ length: 12 }, (_, index) => `f${index}`);
const resources = (version: number): string =>
  names.map((name) => `- { kind: file, path: "{{ base }}/${name}", content: "v${version} ${'x'.repeat(5_000)}\\n" }\n`).join('');

/** Numbers in [0, below) that depend on the seed alone. */
function chances(): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state % below;
  };
}

it(
  `kill -9 of the agent at ${kills} moments leaves no torn file, and the next one converges (seed ${seed})`,
  { timeout: 600_000 },
  async () => {
    await using scene = await openScene();
    const chance = chances();
    const whole = /^v\d+ x{5000}\n$/;
    for (let round = 1; round <= kills; round++) {
      scene.push(`${round}`, resources(round));
      const agent = scene.start();
      const moment = chance(names.length + 3);
      await agent.line(({ outcome }) => outcome === 'converged' || agent.lines.length > moment);
      agent.kill('SIGKILL');
      await agent.ended;

      for (const name of readdirSync(scene.base).filter((each) => each.startsWith('f')))
        expect(readFileSync(join(scene.base, name), 'utf8'), `round ${round}, line ${moment}`).toMatch(whole);
    }
    const last = scene.push('last', resources(0));

    await using agent = scene.start();
    await agent.line(({ outcome, commit }) => outcome === 'converged' && commit === last);
    expect(readdirSync(scene.base).sort()).toEqual([...names, 'motd'].sort());
    for (const name of names) expect(readFileSync(join(scene.base, name), 'utf8')).toMatch(/^v0 x/);
  },
);
