import { expect, test } from 'vitest';
import { ENTER_ATTEMPTS, signJobLimits } from '../../machines/sign-job/limits.ts';
import { failure } from './samples.ts';
import { admitted, beginJob, type JobScene, stepPorts } from './sign-job-scene.ts';

/** Up to where the process of the run logs into its machine. */
function prepared(toolchain: 'portable' | null = 'portable'): JobScene {
  const scene = beginJob({ entersSlowly: true });
  scene.stage.the('admitJob').answer({ ...admitted, toolchain });
  scene.job.send({ type: 'slot.granted' });
  for (const port of stepPorts.slice(1, stepPorts.indexOf('embedProfile'))) scene.answer(port);
  scene.machineReady();
  return scene;
}

const enters = ({ stage }: JobScene) => stage.calls.filter(({ port }) => port === 'enterGuest').length;
const isPausing = ({ job }: JobScene) => job.is('engaged.work.running.enteringMachine.pausing');
const broken = failure('GUEST_UNREACHABLE', true);
/** More than any pause between two attempts. */
const A_WHILE_MS = 15_000;

test.each(['GUEST_UNREACHABLE', 'GUEST_LOST', 'CLUSTER_UNREACHABLE', 'CLUSTER_TUNNEL_REFUSED'])(
  '%s: the machine is entered again after a pause',
  (code) => {
    const scene = prepared();
    scene.stage.the('enterGuest').fail(failure(code, true));
    expect([isPausing(scene), scene.stage.open('enterGuest')]).toEqual([true, []]);
    scene.clock.advance(A_WHILE_MS);
    scene.stage.the('enterGuest').answer();
    expect(scene.stage.open('embedProfile')).toHaveLength(1);
  },
);

test('what the machine can do is asked of one that was entered', () => {
  const scene = prepared(null);
  expect(scene.stage.open('learnToolchain')).toEqual([]);
  scene.stage.the('enterGuest').answer();
  expect(scene.stage.open('learnToolchain')).toHaveLength(1);
});

test.each([
  ...[
    ['GUEST_HOST_KEY_MISMATCH', false],
    ['GUEST_AUTH_REFUSED', false],
    ['CLUSTER_REFUSED', false],
  ],
  ...[
    ['RUN_PROCESS_LOST', true],
    ['VM_EXITED', true],
  ],
] as const)('%s ends the run at once', (code, retryable) => {
  const scene = prepared();
  scene.stage.the('enterGuest').fail(failure(code, retryable));
  expect(scene.conclusion()).toMatchObject({ failure: { code } });
  scene.cleanUp();
});

test('attempts and time are bounded: the last failure is said, or the deadline', () => {
  const scene = prepared();
  for (let attempt = 1; attempt <= ENTER_ATTEMPTS; attempt += 1) {
    expect(scene.conclusions()).toEqual([]);
    scene.stage.the('enterGuest').fail(broken);
    scene.clock.advance(A_WHILE_MS / ENTER_ATTEMPTS);
    while (isPausing(scene)) scene.clock.advance(A_WHILE_MS / ENTER_ATTEMPTS);
  }
  expect(enters(scene)).toBe(ENTER_ATTEMPTS);
  expect(scene.conclusion()).toMatchObject({ failure: { code: 'GUEST_UNREACHABLE' } });
  scene.cleanUp();

  const hanging = prepared();
  hanging.stage.the('enterGuest').fail(broken);
  hanging.clock.advance(signJobLimits.enterTimeout);
  // with what the last attempt has met
  expect(hanging.conclusion()).toMatchObject({
    failure: { code: 'STEP_TIMED_OUT', reason: expect.stringContaining(broken.reason as string) },
  });
  hanging.cleanUp();
});

const endings = {
  'job.cancelRequested by the user': [{ type: 'job.cancelRequested', why: 'user' }, 'CANCELLED'],
  'job.cancelRequested by the end of the worker': [
    { type: 'job.cancelRequested', why: 'shutdown' },
    'WORKER_STOPPING',
  ],
  'vm.lost': [{ type: 'vm.lost', failure: failure('VM_EXITED') }, 'VM_EXITED'],
  'process.ended': [{ type: 'process.ended', failure: failure('RUN_PROCESS_LOST') }, 'RUN_PROCESS_LOST'],
} as const;

test.each(
  ['attempting', 'pausing'].flatMap((state) =>
    Object.entries(endings).map((end) => [state, ...end] as const),
  ),
)('in %s, %s ends the run, and no attempt comes after it', (state, _, [event, code]) => {
  const scene = prepared();
  const [call] = scene.stage.open('enterGuest');
  if (state === 'pausing') call?.fail(broken);
  scene.job.send(event as never);
  expect(scene.conclusion()).toMatchObject({ failure: { code } });
  expect(call?.isOpen).toBe(false);
  scene.clock.advance(A_WHILE_MS);
  expect(enters(scene)).toBe(1);
  scene.cleanUp();
});
