import { expect, test, vi } from 'vitest';
import { createActor } from 'xstate';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { createRedactor } from '../../src/domain/redaction/index.ts';
import { createVault, secondsTaken } from '../../src/run/vault.ts';
import { inert } from '../machines/inert.ts';

const assignment = {
  ...{
    jobId: 'j',
    authToken: 'token-of-this-job',
    manifest: {},
    credentials: {},
    receivedAtMs: 1_000,
    sizeBytes: 500,
  },
  ...{ tarballUrl: 'http://hub/bundle', artifactUploadUrl: 'http://hub/artifact' },
};

test('a job took the time until its result, however long that waits for the hub', () => {
  const vault = createVault(createRedactor());
  vault.put('a', assignment);
  const claim = () => vault.claim('a') ?? expect.fail('no claim');
  expect(secondsTaken(claim(), 3_500)).toBe(2.5);
  vault.conclude('a', 5_000);
  vault.conclude('a', 60_000);
  expect(secondsTaken(claim(), 600_000)).toBe(4);
});

test('the result is noted when it comes, also while there is no link', () => {
  const noteReport = vi.fn();
  const ports = Object.keys(hubConnectionMachine.implementations.actors);
  const machine = hubConnectionMachine.provide({ actors: inert(ports), actions: { noteReport } } as never);
  const link = createActor(machine, { input: { owner: {} } as never }).start();
  const report = { kind: 'conclusion', jobId: 'j', assignmentId: 'a' } as never;
  link.send({ type: 'hub.report', report });
  expect(noteReport).toHaveBeenCalledWith(expect.anything(), expect.objectContaining({ report }));
});
