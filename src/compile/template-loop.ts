import { own } from '../model/json.ts';
import { TemplateFailure } from './template-failure.ts';
import type { Render } from './template-render.ts';
import { Callable, isEqual, LazyMapping, Undefined, type Value } from './template-value.ts';

/** What a template sees as `loop`. `index` tells where the loop is, from 0. */
export function loopOf(items: readonly Value[], index: () => number, render: Render): LazyMapping {
  let seen: readonly Value[] | undefined;
  const neighbour = (step: number): Value =>
    items[index() + step] ?? new Undefined(new TemplateFailure('the loop ends here', { code: 'undefined-variable' }));
  const members: { readonly [name: string]: () => Value } = {
    index: () => index() + 1,
    index0: index,
    revindex: () => items.length - index(),
    revindex0: () => items.length - index() - 1,
    first: () => index() === 0,
    last: () => index() === items.length - 1,
    length: () => items.length,
    depth: () => 1,
    depth0: () => 0,
    previtem: () => neighbour(-1),
    nextitem: () => neighbour(1),
    cycle: () => new Callable('cycle', ({ positional }) => positional[index() % positional.length]),
    changed: () =>
      new Callable('changed', ({ positional }) => {
        const isSame = seen !== undefined && isEqual(seen, positional, render);
        seen = positional;
        return !isSame;
      }),
  };
  return new LazyMapping(
    () => Object.keys(members),
    (key) => own(members, key)?.(),
  );
}
