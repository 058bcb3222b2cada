import type { Command } from 'commander';

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
  /** Options whose value is anything else: there files are offered. */
  readonly valued: readonly string[];
  /** Whether an argument can be anything: there files are offered too. */
  readonly takesFiles: boolean;
}

/** The completion script of a shell, made from the program's tree: commands, options, choices, files elsewhere. */
export function completionScript(program: Command, shell: Shell): string {
  const places = listPlaces(program, '');
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](places);
}

function listPlaces(command: Command, path: string): readonly Place[] {
  const help = command.createHelp();
  const options = help.visibleOptions(command);
  const names = (option: { readonly long?: string | undefined; readonly short?: string | undefined }): string[] =>
    [option.long, option.short].filter((name) => name !== undefined);
  const place: Place = {
    path,
    commands: help.visibleCommands(command).map((inner) => ({ word: inner.name(), summary: help.subcommandDescription(inner) })),
    options: options.flatMap((option) => names(option).map((word) => ({ word, summary: option.description }))),
    choices: [
      ...options.flatMap(({ argChoices, ...option }) =>
        argChoices ? names(option).map((name) => [name, argChoices] as const) : [],
      ),
      ...command.registeredArguments.flatMap(({ argChoices }) => (argChoices ? [['', argChoices] as const] : [])),
    ],
    valued: options.filter((option) => option.required && !option.argChoices).flatMap(names),
    takesFiles: command.registeredArguments.some(({ argChoices }) => !argChoices),
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
      const choices = place.choices
        .filter(([option]) => option !== '')
        .map(([option, list]) => `        ${option}) reply="${list.join(' ')}" ;;`);
      const valued = place.valued.length > 0 ? [`        ${place.valued.join('|')}) files=1 ;;`] : [];
      const argument = place.choices.find(([option]) => option === '')?.[1].join(' ') ?? '';
      const first = [words(place.commands), argument].filter((text) => text !== '').join(' ');
      const others = `        *) reply="${[first, words(place.options)].filter((text) => text !== '').join(' ')}"${place.takesFiles ? '; files=1' : ''} ;;`;
      return `    "${place.path}")\n      case "$previous" in\n${[...choices, ...valued, others].join('\n')}\n      esac ;;`;
    })
    .join('\n');
}

function bashScript(places: readonly Place[]): string {
  return `# bash completion for reconcile; load it with: source <(reconcile completion bash)
_reconcile() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" at="" reply="" files="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
${findPath(places)}
  done
  case "$at" in
${cases(places)}
  esac
  COMPREPLY=($(compgen -W "$reply" -- "$current"))
  if [[ -n $files && $current != -* ]]; then
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _reconcile reconcile
`;
}

function zshScript(places: readonly Place[]): string {
  return `#compdef reconcile
# zsh completion for reconcile; save it as _reconcile in a directory of $fpath
_reconcile() {
  local current="$words[CURRENT]" previous="$words[CURRENT-1]" at="" reply="" files="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
${findPath(places)}
  done
  case "$at" in
${cases(places)}
  esac
  [[ -n $reply ]] && compadd -- \${=reply}
  [[ -n $files && $current != -* ]] && _files
}
if [[ $funcstack[1] == _reconcile ]]; then _reconcile "$@"; else compdef _reconcile reconcile; fi
`;
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options, choices, valued }) => {
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
          const value = list ? ` -x -a ${quoted(list.join(' '))}` : valued.includes(word) ? ' -r' : '';
          const short = options.find((option) => option.word.length === 2 && option.summary === summary)?.word.slice(1);
          return `${start}${short === undefined ? '' : ` -s ${short}`} -l ${word.slice(2)}${value} -d ${quoted(summary)}`;
        }),
      ...choices.filter(([option]) => option === '').map(([, list]) => `${start} -f -a ${quoted(list.join(' '))}`),
    ];
  });
  return `# fish completion for reconcile; save it as ~/.config/fish/completions/reconcile.fish\n${lines.join('\n')}\n`;
}
