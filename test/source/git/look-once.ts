import { openFollower } from '../../../src/source/git/follow.ts';
import { openAgentState } from '../../../src/state/agent-state.ts';

// A process of its own that looks at a remote, to be killed or measured.
const [, , directory = '', url = ''] = process.argv;
const remote = { urls: [url], branch: 'main', testing_branch: false, user: 'git', timeout: '60s' };
const memory = openAgentState(directory).memory('source');
await openFollower({ directory, remote, trust: { verify: 'off' }, host: 'box', memory }).look(new AbortController().signal);
// Kibibytes, of this process alone.
process.stdout.write(String(process.resourceUsage().maxRSS));
