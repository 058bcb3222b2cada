import type { VariableValue } from '../model/documents.ts';
import type { KeyPath, LoadedFile } from '../model/located.ts';
import type { Variable } from './inventory.ts';

/** The variable whose value stands at `path`. */
export function variableAt(source: LoadedFile<VariableValue>, path: KeyPath, value: VariableValue, layer: string): Variable {
  const { isFloat } = source;
  return { value, layer, at: source.at(path), ...(isFloat && { isFloat: (inner: KeyPath) => isFloat([...path, ...inner]) }) };
}
