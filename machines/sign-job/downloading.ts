import { not } from 'xstate';
import { errorOf } from '../contracts/attempts.ts';
import { reassigned } from './failures.ts';
import { signJobSetup } from './setup.ts';
import { begin, DROP, dropClaim, faulted, guestStep, late } from './transitions.ts';

export const awaitingProcess = signJobSetup.createStateConfig({
  description: 'Nothing is begun before the process of the run has the job.',
  always: { guard: 'processIsReady', target: 'downloading' },
});

export const downloading = signJobSetup.createStateConfig({
  description: 'Download, base64 and unpacking are one stream into the run directory.',
  entry: ['resetAttempts', begin('extracting', 'Extracting precompiled bundle')],
  after: { downloadTimeout: late('downloading the bundle') },
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One attempt, into an empty directory.',
      entry: 'countAttempt',
      invoke: {
        id: 'downloadBundle',
        src: 'downloadBundle',
        input: guestStep,
        onDone: '#signJob.engaged.work.running.inspecting',
        onError: [
          { guard: { type: 'isNotOurs', params: errorOf }, target: 'doubting' },
          { guard: { type: 'mayTryAgain', params: errorOf }, target: 'pausing' },
          faulted,
        ],
      },
    },
    pausing: { description: 'Backs off before the next attempt.', after: { retryPause: 'attempting' } },
    doubting: {
      description: 'The hub refuses the token: a newer one, a job on its way back to us, or not ours.',
      always: [
        { guard: 'hasNewerToken', target: 'attempting' },
        { guard: not('claimIsValid'), target: 'awaitingClaim' },
        { target: DROP, actions: dropClaim(reassigned) },
      ],
    },
    awaitingClaim: {
      description: 'The token died with the link; the hub may hand the job to us again.',
      always: { guard: 'claimIsValid', target: 'attempting' },
    },
  },
});
