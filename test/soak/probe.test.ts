import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { WORKER_SECRET, settingsFor } from '../helpers/daemon.ts';
import { startCli } from '../integration/cli.ts';
import { makeTinyJob } from '../helpers/soak-jobs.ts';

test('probe', async () => {
  const room = await mkdtemp(join(tmpdir(), 'probe-'));
  await Promise.all(['hub', 'tmp'].map((name) => mkdir(join(room, name))));
  const job = await makeTinyJob(join(room, 'job'));
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  const env = { ...(await settingsFor(hub, room)), PERRY_LOG_LEVEL: 'debug', TMPDIR: join(room, 'tmp') };
  for (let i = 0; i < 3; i++) {
  const t0 = performance.now();
  const cli = startCli(env, 'run');
  await cli.said(/perry-ship is running/);
  console.log('running', performance.now() - t0);
  const id = await hub.submitJob(job);
  const c = await hub.completed(id);
  console.log('complete', performance.now() - t0, JSON.stringify(c));
  cli.signal('SIGKILL');
  await cli.ended;
  if (i === 0) console.log(cli.lines.join('\n'));
  }
  await hub.stop();
}, 60000);
