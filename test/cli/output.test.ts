import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { makeRepository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

it('a pipe that is full and does not block gets all of the output', async () => {
  const many = 1_500;
  using repository = makeRepository(
    `- { kind: file, path: "/f{{ item }}", content: x, for_each: "{{ range(0, ${many}) | list }}" }`,
  );
  const { path, root } = repository;
  const fifo = join(root, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  // Node makes the standard streams of its children block; others do not.
  const options = ['--check', '-o', 'json', '--source', path, '--host', 'box', '--root', root];
  const child = spawn('/bin/sh', ['-c', 'exec "$@" >&3', 'sh', process.execPath, program, ...options], {
    stdio: ['ignore', 'ignore', 'inherit', writer],
  });
  closeSync(writer);

  const [output, [exit]] = await Promise.all([text(new Socket({ fd: reader })), once(child, 'exit') as Promise<[number]>]);

  expect(exit).toBe(2);
  expect((JSON.parse(output) as Report).steps).toHaveLength(many);
  expect(output.length).toBeGreaterThan(128 * 1024);
});
