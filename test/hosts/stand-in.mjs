#!/usr/local/bin/node
// Stands in for every program of the fleet that Debian does not have: listens where the real one does, and answers.
// Which port that is stands in /srv/ports.json, by the name that the program is called by.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename } from 'node:path';

const name = basename(process.argv[1]);
const [word = '', second = ''] = process.argv.slice(2);
if (name === 'evennia' && word === '--init') mkdirSync(`${second}/server/conf`, { recursive: true });
else if (name === 'evennia' && word === 'migrate') writeFileSync('server/evennia.db3', '');
else if (name === 'evennia' && word === 'shell') {
  if (!process.env.EVENNIA_SUPERUSER_PASSWORD) process.exit(1);
  writeFileSync('server/owner', process.env.EVENNIA_SUPERUSER_USERNAME);
} else if (name === 'evennia' && word === 'start') {
  // Where nobody owns the world, it asks who is to.
  readFileSync('server/owner');
  const { pid } = spawn(process.argv[1], ['portal'], { detached: true, stdio: 'ignore' });
  writeFileSync('server/portal.pid', String(pid));
  process.exit(0);
} else if (name === 'evennia' && word === 'stop') process.kill(Number(readFileSync('server/portal.pid', 'utf8')));
else if (name === 'ollama' && word !== 'serve') process.exit(0);
else if (name === 'hermes' && (second !== 'run' || !process.env.API_SERVER_KEY)) process.exit(1);
else {
  if (name === 'gitea') {
    // It gives itself keys, in the file of its settings.
    const settings = process.argv.at(-1);
    const text = readFileSync(settings, 'utf8');
    if (!text.includes('INTERNAL_TOKEN')) writeFileSync(settings, text.replace('[security]', '[security]\nINTERNAL_TOKEN = own'));
  }
  const port = JSON.parse(readFileSync('/srv/ports.json', 'utf8'))[name];
  createServer((_request, response) => response.end('well\n')).listen(port, '127.0.0.1');
}
