import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { builtProgram } from '../../src/built-program.ts';
import { processesOf } from '../helpers/leak-check.ts';

test('with --page the demo shows both jobs on its page, which stays open until Ctrl-C', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perry-page-'));
  const demo = spawn(process.execPath, [builtProgram('cli/perry-ship') ?? '', 'demo', '--page'], {
    env: { ...process.env, TMPDIR: folder },
  });
  const ended = once(demo, 'close');
  const lines = createInterface({ input: demo.stdout });
  const said: string[] = [];
  for await (const line of lines) {
    said.push(line);
    if (line.startsWith('The page stays open')) break;
  }
  demo.stdout.resume();
  const [url = ''] = said.join('\n').match(/http:\/\/127\.0\.0\.1:\d+\//) ?? [];
  const page = await fetch(url);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const { jobs } = (await (await fetch(`${url}api/jobs`)).json()) as { jobs: Record<string, unknown>[] };
  expect(jobs.map(({ target, result }) => `${target} ${result}`).sort()).toEqual([
    ...['ios-sign succeeded', 'macos-sign succeeded'],
  ]);
  demo.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(processesOf(folder)).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});
