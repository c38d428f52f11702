import { describe, expect, test } from 'vitest';
import { encodeWorkerMessage } from '../../src/adapters/hub/protocol.ts';
import { completed, connectWorker, helloOf, noSecrets, signJob, withHub } from '../helpers/hub.ts';

const failed = (jobId: string) => ({ type: 'error', jobId, code: 'SIGNING_FAILED', message: 'no' }) as const;

describe('what a worker has to live with', () => {
  test('one dispatch an event: after hello with four slots comes one job', async () => {
    await withHub({}, async (hub) => {
      const jobs = [await hub.submitJob(signJob()), await hub.submitJob(signJob())];
      const worker = await connectWorker(hub, { maxConcurrent: 4 });
      expect((await worker.assignment(1)).jobId).toBe(jobs[0]);
      expect(hub.assignments).toHaveLength(1);
      const third = await hub.submitJob(signJob());
      // the new arrival set the queue in motion, but its head was first
      expect((await worker.assignment(2)).jobId).toBe(jobs[1]);
      expect(hub.jobStatus(third)).toBe('queued');
    });
  });

  test('a head that nobody can serve blocks the rest', async () => {
    await withHub({}, async (hub) => {
      await connectWorker(hub, { maxConcurrent: 4 });
      await hub.until(() => hub.workers()[0]);
      await hub.submitJob({ ...signJob(), manifest: { targets: ['windows-sign'] } });
      const ours = await hub.submitJob(signJob());
      expect(hub.jobStatus(ours)).toBe('queued');
    });
  });

  test('error and complete free a slot each: two jobs at once for one slot', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub, { maxConcurrent: 1 });
      await hub.until(() => hub.workers()[0]);
      const [a, b, c] = [
        await hub.submitJob(signJob()),
        await hub.submitJob(signJob()),
        await hub.submitJob(signJob()),
      ];
      expect((await worker.assignment(1)).jobId).toBe(a);
      await worker.say(failed(a as string));
      expect((await worker.assignment(2)).jobId).toBe(b);
      expect(hub.jobStatus(a as string)).toBe('running');
      await worker.say(completed(a as string));
      expect((await worker.assignment(3)).jobId).toBe(c);
      expect([hub.jobStatus(a as string), hub.jobStatus(b as string), hub.jobStatus(c as string)]).toEqual([
        'failed',
        'running',
        'running',
      ]);
      expect(hub.violations).toEqual([]);
    });
  });

  test('counts stay behind when an earlier worker leaves', async () => {
    await withHub({}, async (hub) => {
      const linux = await connectWorker(hub, { name: 'linux', capabilities: ['linux'], maxConcurrent: 2 });
      await hub.until(() => hub.workers()[0]);
      await connectWorker(hub, { name: 'mac', maxConcurrent: 1 });
      await hub.until(() => hub.workers()[1]);
      const compile = { ...signJob(), manifest: { targets: ['Linux'] } };
      await hub.submitJob(compile);
      await hub.submitJob(compile);
      await linux.assignment(2);
      linux.socket.close();
      // the mac inherits "two of two", and with it the re-queued job that it cannot serve at the head
      const [mac] = await hub.until(() => (hub.workers().length === 1 ? hub.workers() : undefined));
      expect(mac).toMatchObject({ name: 'mac', active: 2, max: 2, busy: false });
    });
  });

  test('only the last assigned job can be cancelled, and nothing changes by it', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub, { maxConcurrent: 2 });
      await hub.until(() => hub.workers()[0]);
      const [a, b] = [await hub.submitJob(signJob()), await hub.submitJob(signJob())];
      await worker.assignment(2);
      expect([hub.cancel(a as string), hub.cancel(b as string), hub.cancel('nobody')]).toEqual([
        false,
        true,
        false,
      ]);
      await worker.until(() => worker.heard.find((message) => message.type === 'cancelRequested'));
      expect(hub.jobStatus(b as string)).toBe('running');
      await worker.say(completed(a as string));
      await hub.completed(a as string);
      expect(hub.cancel(b as string)).toBe(false);
    });
  });

  test('a lost connection re-queues the last assigned job, with a new token; the other is an orphan', async () => {
    await withHub({}, async (hub) => {
      const first = await connectWorker(hub, { maxConcurrent: 2 });
      await hub.until(() => hub.workers()[0]);
      const [orphan, last] = [await hub.submitJob(signJob()), await hub.submitJob(signJob())] as [
        string,
        string,
      ];
      const old = await first.assignment(2);
      first.socket.terminate();
      expect((await hub.nextMessage(last, ({ type }) => type === 'queue_update')).message).toBe(
        'Builder disconnected, re-queued (attempt 1)',
      );
      const second = await connectWorker(hub, { maxConcurrent: 2 });
      const again = await second.assignment(1);
      expect(again.jobId).toBe(last);
      expect(again.authToken).not.toBe(old.authToken);
      expect(hub.jobStatus(orphan)).toBe('running');
      await second.say(completed(orphan));
      await hub.completed(orphan);
      expect(hub.jobStatus(orphan)).toBe('failed');
      // that took the slot and the memory of the job that is under way
      expect(hub.workers()).toMatchObject([{ active: 0, job: '', busy: false }]);
      expect(hub.violations).toEqual([]);
    });
  });

  test('after four lost workers a job has failed', async () => {
    await withHub({}, async (hub) => {
      const jobId = await hub.submitJob(signJob());
      for (let attempt = 0; attempt < 4; attempt += 1) {
        const worker = await connectWorker(hub);
        await worker.assignment(1);
        worker.socket.close();
        await hub.until(() => hub.workers().length === 0 || undefined);
      }
      expect(await hub.completed(jobId)).toMatchObject({ success: false, artifacts: [] });
      expect(hub.jobStatus(jobId)).toBe('failed');
      expect(hub.messages(jobId).filter(({ type }) => type === 'queue_update')).toHaveLength(3);
    });
  });

  test('without a job_id the last assigned job is meant, and the judge knows', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub);
      await hub.until(() => hub.workers()[0]);
      const jobId = await hub.submitJob(signJob());
      await worker.assignment(1);
      await worker.socket.send('{"type":"stage","stage":"signing","message":"m","extra":1}');
      const stage = await hub.nextMessage(jobId, ({ type }) => type === 'stage');
      expect(stage).toEqual({ type: 'stage', stage: 'signing', message: 'm', extra: 1 });
      expect(hub.violations).toEqual(['stage without job_id']);
    });
  });

  test('the first frame decides: noise is skipped, null deafens, anything else ends it', async () => {
    await withHub({}, async (hub) => {
      const noisy = await connectWorker(hub, { greets: false });
      await noisy.socket.send('{"type":');
      await noisy.say(helloOf({ name: 'noisy' }));
      await hub.until(() => hub.workers()[0]);
      const early = await connectWorker(hub, { greets: false });
      await early.socket.send('{"type":"stage"}');
      expect(await early.ended()).toMatchObject({ code: 1005 });
      const deaf = await connectWorker(hub, { greets: false });
      await deaf.socket.send('null');
      await deaf.say(helloOf({ name: 'deaf' }));
      deaf.socket.ping('x');
      await deaf.until(() => deaf.pongs[0]);
      expect(hub.workers().map(({ name }) => name)).toEqual(['noisy']);
    });
  });

  test('another version is told to update before the first job', async () => {
    await withHub({ expectedVersion: '2.0' }, async (hub) => {
      await hub.submitJob(signJob());
      const worker = await connectWorker(hub, { greets: false });
      const hello = JSON.parse(encodeWorkerMessage(helloOf({}), noSecrets));
      await worker.socket.send(JSON.stringify({ ...hello, perry_version: '1.0' }));
      await worker.assignment(1);
      expect(worker.heard.map(({ type }) => type)).toEqual(['updateRequested', 'jobAssigned']);
    });
  });

  test('needs_finishing sends the job round again', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub);
      await hub.until(() => hub.workers()[0]);
      const jobId = await hub.submitJob(signJob());
      await worker.assignment(1);
      const end = { type: 'complete', job_id: jobId, success: true, duration_secs: 1, artifacts: [] };
      await worker.socket.send(JSON.stringify({ ...end, needs_finishing: 'ios' }));
      expect((await worker.assignment(2)).manifest).toMatchObject({ targets: ['ios-sign'] });
      expect(hub.violations).toContain(`handed back by a worker that takes jobs (${jobId})`);
    });
  });

  test('a restart forgets everything; the ports stay', async () => {
    await withHub({}, async (hub) => {
      const before = [hub.webSocketUrl, hub.httpUrl];
      const worker = await connectWorker(hub);
      await hub.until(() => hub.workers()[0]);
      const jobId = await hub.submitJob(signJob());
      await worker.assignment(1);
      await hub.restart();
      expect(await worker.ended()).toMatchObject({ clean: false });
      expect([hub.jobStatus(jobId), hub.workers(), hub.messages(jobId)]).toEqual([undefined, [], []]);
      expect([hub.webSocketUrl, hub.httpUrl]).toEqual(before);
      const again = await connectWorker(hub);
      await hub.until(() => hub.workers()[0]);
      // of a job it does not know it still relays, and counts
      await again.say(completed(jobId));
      await hub.completed(jobId);
    });
  });

  test('refuses connections for a while', async () => {
    await withHub({}, async (hub) => {
      const inside = await connectWorker(hub);
      await hub.refuseConnections(true);
      await expect(connectWorker(hub)).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
      await hub.refuseConnections(false);
      await connectWorker(hub);
      expect(inside.ends).toEqual([]);
    });
  });
});

describe('the judge', () => {
  const frames: ReadonlyArray<readonly [object, string]> = [
    [{ type: 'progress', stage: 'signing', percent: 1.5 }, 'progress: percent is 1.5'],
    [{ type: 'complete', success: true, duration_secs: 1 }, 'complete: artifacts is undefined'],
    [{ type: 'build_complete', has_distribution: true }, 'message of type build_complete'],
    [{ type: 'log', stage: 's', line: 'a\u001b[0m', stream: 'stderr' }, 'log line with control characters'],
    [{ type: 'complete', success: true, duration_secs: 1, artifacts: [] }, 'success without a result (J)'],
  ];
  test.each(frames)('%j', async (frame, violation) => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub);
      const jobId = await hub.submitJob(signJob());
      await worker.assignment(1);
      await worker.socket.send(JSON.stringify({ ...frame, job_id: jobId }));
      const violations = await hub.until(() => (hub.violations.length > 0 ? hub.violations : undefined));
      expect(violations.map((text) => text.replace(jobId, 'J'))).toContain(violation);
    });
  });

  test('a second complete, an error after it, a second hello', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub);
      const jobId = await hub.submitJob(signJob());
      await worker.assignment(1);
      for (const message of [completed(jobId), completed(jobId), failed(jobId), failed(jobId), helloOf({})]) {
        await worker.say(message);
      }
      await hub.until(() => (hub.violations.length >= 6 ? true : undefined));
      expect(hub.violations.map((text) => text.replace(jobId, 'J'))).toEqual([
        'complete twice (J)',
        'error after complete (J)',
        'error after complete (J)',
        'more than one error (J)',
        'message of type worker_hello',
        'worker_hello without job_id',
      ]);
    });
  });

  test('an upload with bad headers, a wrong digest, and a body that is not base64', async () => {
    await withHub({}, async (hub) => {
      const worker = await connectWorker(hub);
      const jobId = await hub.submitJob(signJob());
      const { artifactUploadUrl, authToken } = await worker.assignment(1);
      const headers = {
        authorization: `Bearer ${authToken}`,
        connection: 'close',
        'x-artifact-name': 'a b.ipa',
        'x-artifact-sha256': 'A'.repeat(64),
        'x-artifact-target': 'ios-precompiled',
      };
      const upload = (body: string) => fetch(artifactUploadUrl, { method: 'POST', headers, body });
      expect((await upload('')).status).toBe(400);
      expect((await upload('QU*J')).status).toBe(200);
      // the hub keeps what it can read
      expect(hub.artifact(jobId)).toMatchObject({ name: 'a_b.ipa', target: 'ios-precompiled' });
      expect(hub.violations.map((text) => text.replace(jobId, 'J'))).toEqual(
        expect.arrayContaining([
          'upload: header content-type has a bad form',
          'upload: header x-artifact-name has a bad form',
          'upload: header x-artifact-sha256 has a bad form',
          'upload: header x-artifact-target has a bad form',
          'upload: body is not base64 (J)',
          'upload: x-artifact-sha256 is not that of the body (J)',
        ]),
      );
    });
  });

  test('the status page knows the queue and the workers', async () => {
    await withHub({ expectedVersion: '2.0' }, async (hub) => {
      await connectWorker(hub);
      await hub.until(() => hub.workers()[0]);
      await hub.submitJob({ ...signJob(), manifest: { targets: ['windows-sign'] } });
      const answer = await fetch(`${hub.httpUrl}/api/v1/status`, { headers: { connection: 'close' } });
      expect(await answer.json()).toMatchObject({
        queue_length: 1,
        connected_workers: 1,
        expected_perry_version: '2.0',
      });
      expect((await fetch(`${hub.httpUrl}/nothing`, { headers: { connection: 'close' } })).status).toBe(404);
    });
  });
});
