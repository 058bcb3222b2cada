import { readFileSync } from 'node:fs';
import { openUnitRig } from './unit-rig.ts';
import type { Host } from './boot-host.ts';

/** A stand-in for an agent with a gateway: reads its configuration once, at the start, as real ones do. */
const agent = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const model = readFileSync('/srv/agent/config.yaml', 'utf8').trim();
if (model === 'model: broken') process.exit(3);
createServer((request, response) => {
  response.writeHead(Number(readFileSync('/srv/agent/answer', 'utf8'))).end();
}).listen(8648, '127.0.0.1');
`;
const unit = `[Service]
ExecStart=/opt/timmy/bin/node /srv/agent/agent.mjs
Restart=no
`;
const tell = '#!/bin/sh\ncat >>/srv/agent/told\n';

const watched = (more = '') => `
- kind: sqlite
  path: /srv/agent/request_log.db
  schema_file: request_log.sql
- kind: deadman
  agent: ezra
  unit: { name: hermes-ezra.service }
  gateway: { url: 'http://127.0.0.1:8648/health', within: 1s }
  config: [/srv/agent/config.yaml]
  check_interval: 1m
  startup_grace: 0s
  restart_cooldown: 1m
  action: rollback
  alerts: [{ type: command, argv: [/srv/agent/tell] }]
  request_log: /srv/agent/request_log.db
  log: /var/log/deadman.log
${more}
`;

interface Status {
  readonly condition: string;
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly deadmanActive: boolean;
}

/** A watched stand-in agent on a booted host. */
export async function openDeadmanRig(host: Host) {
  const rig = await openUnitRig(host);
  await host.write('/srv/agent/agent.mjs', agent);
  await host.write('/srv/agent/tell', tell, 0o755);
  await host.write('/etc/systemd/system/hermes-ezra.service', unit);
  const files = { 'desired-state/files/request_log.sql': readFileSync('roles/request_log/files/request_log.sql', 'utf8') };
  const sh = (script: string): Promise<string> => host.ask(['sh', '-c', script]);
  const status = async (): Promise<Status> => {
    const { stdout } = await host.reconcile(['deadman', 'status', 'ezra', '-o', 'json']);
    return JSON.parse(stdout) as Status;
  };
  const pass = (minutes: number): Promise<string> =>
    sh(`
    for file in /var/lib/reconcile-deadman/ezra/state.json /run/reconcile-deadman-ezra/state.json; do
    test ! -e $file || { jq --argjson ms ${minutes * 60_000} '.moment.uptime -= $ms' $file >/run/state.new && cat /run/state.new >$file; }; done`);
  return {
    ...rig,
    sh,
    status,
    watch: (more = '') => rig.converge(watched(more), files),
    /** Has its clock believe that so many minutes went by. */
    pass,
    /** What cron does, so many times, a minute apart: the very line of the cron.d file, in cron's environment. */
    async tick(count = 1): Promise<Status> {
      const line = (await sh(`sed -n 's/^\\* \\* \\* \\* \\* root //p' /etc/cron.d/deadman-ezra`)).trim();
      for (let done = 0; done < count; done++) {
        await pass(1);
        await host.ask(['env', '-i', 'HOME=/root', 'LOGNAME=root', 'SHELL=/bin/sh', 'PATH=/usr/bin:/bin', '/bin/sh', '-c', line]);
      }
      return status();
    },
    /** The agent as it should be, watched by a watchdog that knows nothing yet. */
    async begin(): Promise<void> {
      await sh(`printf 'model: good\\n' >/srv/agent/config.yaml; echo 200 >/srv/agent/answer
        rm -rf /srv/agent/told /var/log/deadman.log /var/lib/reconcile-deadman /run/reconcile-deadman-ezra
        systemctl daemon-reload; systemctl reset-failed hermes-ezra 2>/dev/null; systemctl restart hermes-ezra
        until curl -s -o /dev/null http://127.0.0.1:8648/; do :; done`);
      await rig.run();
    },
    told: async () =>
      (await sh('cat /srv/agent/told 2>/dev/null || :'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { notices: { title: string }[] }).notices[0]?.title),
    rows: async () => {
      const query = "SELECT model, status, error_message AS text FROM request_log WHERE provider = 'deadman' ORDER BY id";
      const script = `const { DatabaseSync } = require('node:sqlite');
        console.log(JSON.stringify(new DatabaseSync('/srv/agent/request_log.db').prepare(${JSON.stringify(query)}).all()))`;
      return JSON.parse(await host.ask(['/opt/timmy/bin/node', '-e', script])) as {
        model: string;
        status: string;
        text: string;
      }[];
    },
  };
}
