import type { Command, Option } from 'commander';
import type { NameKind } from './command-entry.ts';
import { commandTable } from './command-table.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** One thing that can be completed at one place of the command line. */
interface Word {
  readonly word: string;
  readonly summary: string;
}

/** What can follow one command: `''` is the program itself, `secret set` a nested one. */
interface Place {
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** Values of options and arguments that take one of a few words, by option (`--output`, `-o`); `''` is the argument. */
  readonly choices: readonly (readonly [option: string, words: readonly string[]])[];
  /** The same for those that take a name, for which the script asks the program. */
  readonly names: readonly (readonly [option: string, kind: NameKind])[];
  /** Options whose value is anything else: there files are offered. */
  readonly valued: readonly string[];
  /** Whether an argument can be anything: there files are offered too. */
  readonly takesFiles: boolean;
}

/** The completion script of a shell, made from the program's tree: commands, options, choices, names, files elsewhere. */
export function completionScript(program: Command, shell: Shell): string {
  const places = listPlaces(program, '');
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](places);
}

function listPlaces(command: Command, path: string): readonly Place[] {
  const help = command.createHelp();
  const options = help.visibleOptions(command);
  const names = ({ long, short }: Option): string[] => [long, short].filter((name) => name !== undefined);
  const namesWith = <T>(option: Option, value: T | undefined): (readonly [string, T])[] =>
    value === undefined ? [] : names(option).map((name) => [name, value]);
  const entry = commandTable.find(({ name }) => name === path);
  const [argument] = command.registeredArguments;
  const kindOf = (option: Option) => entry?.options.find(({ flags }) => flags === option.flags)?.names;
  const place: Place = {
    path,
    commands: help.visibleCommands(command).map((inner) => ({ word: inner.name(), summary: help.subcommandDescription(inner) })),
    options: options.flatMap((option) => names(option).map((word) => ({ word, summary: option.description }))),
    choices: [
      ...options.flatMap((option) => namesWith(option, option.argChoices)),
      ...(argument?.argChoices ? [['', argument.argChoices] as const] : []),
    ],
    names: [
      ...options.flatMap((option) => namesWith(option, kindOf(option))),
      ...(entry?.argumentNames ? [['', entry.argumentNames] as const] : []),
    ],
    valued: options.filter((option) => option.required && !option.argChoices && !kindOf(option)).flatMap(names),
    // An address may be given as the path that it has.
    takesFiles: argument !== undefined && !argument.argChoices && [undefined, 'address'].includes(entry?.argumentNames),
  };
  const inner = command.commands.flatMap((child) => listPlaces(child, path ? `${path} ${child.name()}` : child.name()));
  return [place, ...inner];
}

const words = (list: readonly Word[]): string => list.map(({ word }) => word).join(' ');
const isGroup = (places: readonly Place[], path: string): boolean => places.some((place) => place.path.startsWith(`${path} `));

/** Finds out at which place the cursor stands, as bash and zsh share it: `path` from the words before the current one. */
function findPath(places: readonly Place[]): string {
  const cases = places
    .filter(({ commands }) => commands.length > 0)
    .flatMap(({ path, commands }) =>
      commands.map(({ word }) => `      "${path ? `${path} ` : ''}${word}") at="${path ? `${path} ` : ''}${word}" ;;`),
    );
  return `    case "\${at:+$at }$word" in\n${[...new Set(cases)].join('\n')}\n    esac`;
}

function cases(places: readonly Place[]): string {
  return places
    .map((place) => {
      const choices = ofOptions(place.choices).map(([option, list]) => `        ${option}) reply="${list.join(' ')}" ;;`);
      const names = ofOptions(place.names).map(([option, kind]) => `        ${option}) names=${kind} ;;`);
      const valued = place.valued.length > 0 ? [`        ${place.valued.join('|')}) files=1 ;;`] : [];
      const argument = ofArgument(place.choices)?.join(' ') ?? '';
      const kind = ofArgument(place.names);
      const first = [words(place.commands), argument].filter((text) => text !== '').join(' ');
      const others = `        *) reply="${[first, words(place.options)].filter((text) => text !== '').join(' ')}"${kind ? `; names=${kind}` : ''}${place.takesFiles ? '; files=1' : ''} ;;`;
      return `    "${place.path}")\n      case "$previous" in\n${[...choices, ...names, ...valued, others].join('\n')}\n      esac ;;`;
    })
    .join('\n');
}

type Entries<T> = readonly (readonly [option: string, value: T])[];
const ofOptions = <T>(entries: Entries<T>): Entries<T> => entries.filter(([option]) => option !== '');
const ofArgument = <T>(entries: Entries<T>): T | undefined => entries.find(([option]) => option === '')?.[1];

/** `$2` is what will be replaced: what follows the last `:` or `=` outside of quotes. COMP_WORDS are divided there, too. */
function bashScript(places: readonly Place[]): string {
  return `# bash completion for reconcile; load it with: source <(reconcile completion bash)
_reconcile() {
  local words last current previous prefix="" head typed at="" reply="" files="" names="" word
  read -r -d '' -a words <<< "\${COMP_LINE:0:COMP_POINT}."
  last=$((\${#words[@]} - 1))
  typed="\${words[last]%.}"
  words[last]="$typed"
  current="\${typed//[\\'\\"\\\\]/}" previous="\${words[last-1]}"
  head="\${current%"\${2//[\\'\\"\\\\]/}"}"
  if [[ $current == --*=* ]]; then
    previous="\${current%%=*}" prefix="\${current%%=*}=" current="\${current#*=}"
    words[last]="$current"
  fi
  for word in "\${words[@]:1:last-1}"; do
${findPath(places)}
  done
  case "$at" in
${cases(places)}
  esac
  COMPREPLY=()
  if [[ -n $names && $current != -* ]]; then
    while IFS= read -r word; do
      [[ $word == "$current"* ]] || continue
      word="$prefix$word" word="\${word#"$head"}"
      [[ $typed == *[\\'\\"]* ]] || printf -v word %q "$word"
      COMPREPLY+=("\${word//\\\\,/,}")
    done < <(reconcile completion bash --names "$names" -- "\${words[@]}" 2> /dev/null < /dev/null)
    if [[ \${#COMPREPLY[@]} -gt 0 ]]; then
      compopt +o filenames
      compopt -o nosort 2> /dev/null
      return
    fi
  fi
  COMPREPLY=($(compgen -P "$prefix" -W "$reply" -- "$current"))
  COMPREPLY=("\${COMPREPLY[@]#"$head"}")
  if [[ -n $files && $current != -* ]]; then
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$2"))
  fi
}
complete -o filenames -F _reconcile reconcile
`;
}

function zshScript(places: readonly Place[]): string {
  return `#compdef reconcile
# zsh completion for reconcile; save it as _reconcile in a directory of $fpath
_reconcile() {
  local current="$words[CURRENT]" previous="$words[CURRENT-1]" at="" reply="" files="" names="" list="" word about
  local -a found shown
  if [[ $current == --*=* ]]; then
    previous="\${current%%=*}" current="\${current#*=}"
    compset -P 1 '*='
  fi
  for word in "\${(@)words[2,CURRENT-1]}"; do
${findPath(places)}
  done
  case "$at" in
${cases(places)}
  esac
  if [[ -n $names && $current != -* ]]; then
    while IFS=$'\\t' read -r word about; do
      found+=("$word") shown+=("$word\${about:+  -- $about}")
      [[ -n $about ]] && list=-l
    done < <(reconcile completion zsh --names $names -- "\${(@)words[1,CURRENT-1]}" "$current" 2> /dev/null < /dev/null)
    compadd $list -V names -d shown -a found && return
  fi
  [[ -n $reply ]] && compadd -- \${=reply}
  [[ -n $files && $current != -* ]] && _files
}
if [[ $funcstack[1] == _reconcile ]]; then _reconcile "$@"; else compdef _reconcile reconcile; fi
`;
}

/** In the order of the program. */
const asking = (kind: NameKind): string => ` -k -a '(__reconcile_names ${kind})'`;

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options, choices, names, valued, takesFiles }) => {
    const deeper = isGroup(places, path) || path === '' ? ` and not __fish_seen_subcommand_from ${words(commands)}` : '';
    const seen =
      path === ''
        ? ''
        : path
            .split(' ')
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join('; and ');
    const condition = path === '' ? `not __fish_seen_subcommand_from ${words(commands)}` : seen + (deeper ? `;${deeper}` : '');
    const start = `complete -c reconcile -n '${condition}'`;
    const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    return [
      ...commands.map(({ word, summary }) => `${start} -f -a ${word} -d ${quoted(summary)}`),
      ...options
        .filter(({ word }) => word.startsWith('--'))
        .map(({ word, summary }) => {
          const list = choices.find(([option]) => option === word)?.[1];
          const kind = names.find(([option]) => option === word)?.[1];
          const value = list
            ? ` -x -a ${quoted(list.join(' '))}`
            : kind
              ? ` -x${asking(kind)}`
              : valued.includes(word)
                ? ' -r'
                : '';
          const short = options.find((option) => option.word.length === 2 && option.summary === summary)?.word.slice(1);
          return `${start}${short === undefined ? '' : ` -s ${short}`} -l ${word.slice(2)}${value} -d ${quoted(summary)}`;
        }),
      ...choices.filter(([option]) => option === '').map(([, list]) => `${start} -f -a ${quoted(list.join(' '))}`),
      ...names.filter(([option]) => option === '').map(([, kind]) => `${start}${takesFiles ? '' : ' -f'}${asking(kind)}`),
    ];
  });
  return `# fish completion for reconcile; save it as ~/.config/fish/completions/reconcile.fish
function __reconcile_names
  set -l current (commandline -ct | string replace -r '^--[^=]*=' '')
  string match -q -- '-*' "$current"; and return
  type -q reconcile; and reconcile completion fish --names $argv -- (commandline -opc) "$current" 2> /dev/null < /dev/null
end
${lines.join('\n')}
`;
}
