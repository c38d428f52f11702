import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { checkSignature } from '../../src/files/code-signature/index.ts';
import { patience, settingsFor, WORKER_SECRET } from '../helpers/daemon.ts';
import { strangersIn } from '../helpers/leak-check.ts';
import { watchCredentials, watchSecrets } from '../helpers/secret-watch.ts';
import { type AppleRoom, openAppleRoom } from './apple-room.ts';
import { startCli } from './cli.ts';
import { expectOneComplete } from './judges.ts';

let apples: AppleRoom;
beforeAll(async () => {
  apples = await openAppleRoom();
});
afterAll(() => apples.leave());

test('a daemon that is killed while Apple thinks: the next one signs nothing anew and submits nothing again', async () => {
  const room = await mkdtemp(join(apples.folder, 'resume-'));
  await mkdir(join(room, 'hub'));
  const state = join(room, 'state');
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  const { apple, env: addresses } = await apples.startApple({ notary: { pollsBeforeVerdict: 1 } });
  const secrets = watchSecrets();
  try {
    const env = { ...(await settingsFor(hub, room)), ...addresses, PERRY_LOG_LEVEL: 'debug' };
    const job = apples.materials.macJob({
      manifest: { macos_distribute: 'notarize' },
      credentials: apples.apiKey,
    });
    watchCredentials(secrets, job);
    const jobId = await hub.submitJob(job);

    const killed = startCli(env, 'run');
    await killed.said(/awaitingVerdict.*pausing/);
    killed.signal('SIGKILL');
    await killed.ended;
    await secrets.lookInFiles('what the killed one left', state);
    const [submission] = apple.submissions;
    expect(submission?.uploads).toBe(1);

    const next = startCli(env, 'run');
    expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
    next.signal('SIGTERM');
    expect(await next.ended).toBe(0);

    expect(apple.submissions.map(({ id, uploads }) => [id, uploads])).toEqual([[submission?.id, 1]]);
    expect(apple.violations).toEqual([]);
    expect(next.lines.join('\n')).not.toContain('codesigning');
    const { signatures, findings } = await checkSignature(hub.artifact(jobId)?.path ?? '', {
      signal: patience(),
    });
    expect(findings).toEqual([]);
    expect(signatures[0]).toMatchObject({ hasStapledTicket: true });
    expectOneComplete(hub.messages(jobId));
    expect(hub.violations).toEqual([]);
    expect(await strangersIn(state)).toEqual([]);
    expect(await readdir(join(state, 'journal', 'artifacts'))).toEqual([]);
    expect(secrets.findings).toEqual([]);
  } finally {
    await hub.stop();
    await apple.stop();
    await rm(room, { recursive: true, force: true });
  }
});
