import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runDeadman, type DeadmanVerb } from '../deadman/deadman-program.ts';
import { settingsDirectory } from '../deadman/settings.ts';
import { ExitError } from '../model/exit-error.ts';
import { textOption, type Invocation } from './invocation.ts';

/** Does one of the four things for the agent that is named, or for the only one that is watched on this host. */
export async function answerDeadman(verb: DeadmanVerb, invocation: Invocation): Promise<number> {
  const settings = textOption(invocation, 'settings') ?? join(settingsDirectory(process.env), `${agentOf(invocation)}.json`);
  const { json, quiet } = { json: textOption(invocation, 'output') === 'json', quiet: invocation.options['quiet'] === true };
  const { text, exit } = await runDeadman(verb, { settings, json, quiet });
  process.stdout.write(text);
  return exit;
}

function agentOf({ arguments: [agent] }: Invocation): string {
  if (agent !== undefined) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(agent)) throw new ExitError('usage', `'${agent}' is no name of an agent`);
    return agent;
  }
  const watched = watchedAgents();
  if (watched.length === 1) return watched[0] as string;
  if (watched.length === 0)
    throw new ExitError('usage', 'no agent is watched on this host', 'name the settings: --settings FILE');
  throw new ExitError('usage', 'which agent?', `watched here: ${watched.join(', ')}`);
}

function watchedAgents(): readonly string[] {
  try {
    return readdirSync(settingsDirectory(process.env))
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .sort();
  } catch {
    return [];
  }
}
