import { dotenvFormat } from './dotenv.ts';
import type { Format } from './format.ts';
import { iniFormat } from './ini.ts';
import { jsonFormat } from './json.ts';
import { tomlFormat } from './toml.ts';
import { yamlFormat } from './yaml.ts';

export const formatNames = ['yaml', 'json', 'toml', 'ini', 'dotenv'] as const;
export type FormatName = (typeof formatNames)[number];

export const formatByName: { readonly [name in FormatName]: Format } = {
  yaml: yamlFormat,
  json: jsonFormat,
  toml: tomlFormat,
  ini: iniFormat,
  dotenv: dotenvFormat,
};

/** The format that the name of a file tells; undefined when it tells none (`.conf` is anything). */
export function formatOfPath(path: string): FormatName | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (/^\.env(\.|$)|\.env$/.test(name)) return 'dotenv';
  const extension = /\.([a-z]+)$/.exec(name)?.[1];
  if (extension === 'yml') return 'yaml';
  if (extension === 'cfg') return 'ini';
  return formatNames.find((format) => format === extension && format !== 'dotenv');
}
