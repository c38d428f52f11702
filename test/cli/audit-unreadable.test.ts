import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';

let stateDir: string;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-audit-'));
  execFileSync('mkfifo', [join(stateDir, 'signatures.jsonl')]);
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

test.each(['verify', 'show'])('audit %s says why an account cannot be read, and waits for nobody', (verb) => {
  const program = join(packageRoot(), 'dist/src/cli/perry-ship.js');
  const { status, stderr } = spawnSync(process.execPath, [program, 'audit', verb, '--state-dir', stateDir], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(stderr).toMatch(/SIGNATURES_UNREADABLE: .* It is no regular file\. Ask as the user/);
  expect(status).toBe(69);
});
