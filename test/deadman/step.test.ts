import { describe, expect, it } from 'vitest';
import { firstState, step, type Observation, type WatchAction, type WatchState } from '../../src/deadman/step.ts';
import { hour, limits, minute, observation } from './simulated-host.ts';

/** One look every five minutes; what was done at each. */
function live(looks: readonly Partial<Observation>[], first: WatchState = firstState) {
  let state = first;
  const done: string[] = [];
  for (const [index, look] of looks.entries()) {
    const stepped = step(state, observation(look.verdict ?? 'healthy', look), limits, index * 5 * minute);
    state = stepped.state;
    done.push(stepped.actions.map(word).join(' '));
  }
  return { state, done };
}
const word = (action: WatchAction): string => (action.do === 'tell' ? `tell:${action.value}` : action.do);
const dead: Partial<Observation> = { verdict: 'dead' };
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('one step after another', () => {
  it('is this when nothing helps', () => {
    expect(live(times(14, dead)).done).toEqual([
      '',
      '',
      'restart tell:dead',
      '',
      'restart',
      '',
      'restart',
      '',
      'rollback',
      '',
      'flag tell:given-up',
      '',
      '',
      '',
    ]);
  });

  it('gives up without a rollback where there is nothing to go back to', () => {
    expect(live(times(9, { ...dead, canRollBack: false })).done.at(-1)).toBe('flag tell:given-up');
  });

  it('forgives a bad look right after a start, once: what is always just starting is dead', () => {
    const starting = { ...dead, starting: true };
    expect(live([starting, { verdict: 'healthy' }, starting, { verdict: 'healthy' }]).state.misses).toBe(0);
    expect(live(times(4, starting)).done).toEqual(['', '', '', 'restart tell:dead']);
  });

  it('forgives what it sees right after its own restart', () => {
    const { state } = live(times(3, dead));
    const soon = { ...limits, check_interval: minute };
    const { state: after } = step(state, observation('dead'), soon, 11 * minute);
    expect({ excused: after.excused, misses: after.misses }).toEqual({ excused: true, misses: 3 });
  });

  it('counts on over looks that saw nothing, and tells when there are three of them', () => {
    const blind: Partial<Observation> = { verdict: 'blind' };
    expect(live([dead, blind, dead, blind, dead]).done.at(-1)).toBe('restart tell:dead');
    expect(live([blind, blind, blind, blind, {}]).done).toEqual(['', '', 'tell:blind', '', 'snapshot tell:sighted']);
  });

  it('tells after half an hour that the machine is short of disk or swap, and never restarts for that', () => {
    const { done } = live([...times(8, { blocked: true }), {}]);
    expect(done.map((words) => words.replace(/ ?snapshot ?/, ''))).toEqual([
      '',
      '',
      '',
      '',
      '',
      '',
      'tell:blocked',
      '',
      'tell:free',
    ]);
  });

  it('is kept quiet by a run for an hour at most, and by a suspension as long as that lasts', () => {
    const during = (suppressed: 'run' | 'suspended') => live([...times(2, dead), ...times(30, { ...dead, suppressed })]).done;
    expect(during('run').indexOf('restart tell:dead')).toBe(2 + hour / (5 * minute));
    expect(during('suspended').every((words) => words === '')).toBe(true);
  });

  it('takes looks that follow each other too soon for one', () => {
    let state = firstState;
    for (let second = 0; second < 120; second++) state = step(state, observation('dead'), limits, second * 1_000).state;
    expect(state.misses).toBe(1);
  });

  it('tells a death that lasts, not one that is over when it may speak again', () => {
    const blip = [...times(3, dead), ...times(2, {})];
    const { done } = live([...blip, ...blip, ...times(10, {})]);
    expect(done.join(' ').match(/tell:\S+/g)).toEqual(['tell:dead', 'tell:well']);
  });
});
