import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtProgram } from '../../src/built-program.ts';
import { processesOf } from '../helpers/leak-check.ts';

test('a demo that is told to stop ends as every other command does, and leaves nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perry-stop-'));
  const demo = spawn(process.execPath, [builtProgram('cli/perry-ship') ?? '', 'demo'], {
    env: { ...process.env, TMPDIR: folder },
  });
  const said: string[] = [];
  demo.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  await once(demo.stdout, 'data');
  demo.stdout.resume();
  demo.kill('SIGTERM');
  expect(await once(demo, 'close')).toEqual([143, null]);
  expect(said.join('')).toContain('CANCELLED: Stopped on request.');
  expect(said.join('')).not.toContain('INTERNAL_ERROR');
  expect(processesOf(folder)).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});
