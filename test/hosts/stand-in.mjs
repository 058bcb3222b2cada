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
else if (name === 'evennia' && word === 'start') {
  const { pid } = spawn(process.argv[1], ['portal'], { detached: true, stdio: 'ignore' });
  writeFileSync('server/portal.pid', String(pid));
  process.exit(0);
} else if (name === 'evennia' && word === 'stop') process.kill(Number(readFileSync('server/portal.pid', 'utf8')));
else if (name === 'ollama' && word !== 'serve') process.exit(0);
else if (name === 'hermes' && second !== 'run') process.exit(1);
else {
  const port = JSON.parse(readFileSync('/srv/ports.json', 'utf8'))[name];
  createServer((_request, response) => response.end('well\n')).listen(port, '127.0.0.1');
}
