import { expect, test, vi } from 'vitest';
import { createActor } from 'xstate';
import type { Conclusion } from '../../machines/contracts/job.ts';
import { loneSignerMachine } from '../../machines/lone-signer/machine.ts';
import { inert } from './inert.ts';
import { failure } from './samples.ts';
import { walk } from './walk.ts';

const input = { runId: 'run', jobId: 'local', vm: { name: 'clone', image: 'golden' } };
const broken = failure('STEP_BROKE');
const conclusion: Conclusion = { outcome: 'failed', failure: broken, stage: null };
const report = { runId: 'run', jobId: 'local', assignmentId: 'run' };

test('every transition can be taken', () => {
  const machine = loneSignerMachine.provide({ actors: inert(['signJob']) } as never);
  const { missing } = walk(machine, {
    input,
    samples: {
      'job.noted': [{ ...report, note: { kind: 'log', stage: 'signing', line: 'a line' } }],
      'job.concluded': [{ ...report, conclusion }],
      'xstate.done.actor.job': [
        { output: { ...report, outcome: 'failed', failure: broken, leakedVm: 'clone' } },
      ],
    },
  });
  expect(missing).toEqual([]);
});

test('a job that cannot even begin ends with its failure, and what is known of its machine', async () => {
  const said = vi.fn();
  const actor = createActor(loneSignerMachine, { input });
  actor.on('noted', said);
  actor.start();
  await vi.waitFor(() => expect(actor.getSnapshot().status).toBe('done'));
  const { output } = actor.getSnapshot();
  expect(output?.conclusion).toMatchObject({ outcome: 'failed', failure: { code: 'INTERNAL_ERROR' } });
  expect(output?.leakedVm).toBeNull();
});
