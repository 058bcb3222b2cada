import { didYouMean } from '../model/nearest.ts';
import type { SourcePosition } from '../model/problem.ts';
import type { Compilation } from './compilation.ts';

export function reportUnknownRole(role: string, at: SourcePosition, { documents, report }: Compilation): void {
  const hint = didYouMean(role, documents.roles.keys()) ?? `roles stand in roles/<name>/role.yaml`;
  report({ code: 'unknown-role', message: `no role "${role}"`, at, hint });
}
