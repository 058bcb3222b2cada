import type { AgentStatus } from '../model/agent.ts';
import { version } from '../model/version.ts';
import { visitProtocol, type Greeting } from '../model/visit.ts';
import { commitsIn } from '../source/git/mirror.ts';

/** What this host says of itself to `reconcile fleet`. `host` is its name as its policy says. */
export const greet = (stateDirectory: string, host: string | null, status: AgentStatus | null): Greeting => ({
  type: 'greeting',
  protocol: visitProtocol,
  version,
  host,
  commits: commitsIn(stateDirectory),
  status,
});
