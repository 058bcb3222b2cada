import type { CatalogResource } from '../model/catalog.ts';
import { outsideTags, type Step } from '../model/plan.ts';

/** Why nothing is done with a resource, whatever differs. `wantedTags`: those that were asked for; empty: all. */
export function leftAloneBecause({ mode, tags }: CatalogResource, wantedTags: readonly string[]): Step['held'] {
  if (wantedTags.length > 0 && !tags.some((tag) => wantedTags.includes(tag))) return { reason: 'tags', message: outsideTags };
  if (mode === 'observe') return { reason: 'observe', message: 'the assignment observes only' };
  return undefined;
}
