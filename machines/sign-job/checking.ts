import { and, type ErrorActorEvent, not } from 'xstate';
import { type Failure, toFailure } from '../contracts/failure.ts';
import { uploadStalled, uploadUnanswered } from './failures.ts';
import { signJobSetup } from './setup.ts';
import { begin, faulted, late, MACHINE_NOT_NEEDED, step } from './transitions.ts';

const AWAITING_CLAIM = '#signJob.engaged.work.running.awaitingClaim';

export const checkingArtifact = signJobSetup.createStateConfig({
  description: 'The artifact is read back as a stranger would read it.',
  invoke: {
    id: 'checkArtifact',
    src: 'checkArtifact',
    input: step,
    onDone: [
      {
        guard: 'hasNextPass',
        target: 'beginningPass',
        actions: ['finishStage', 'beginNextPass'],
      },
      { target: 'awaitingClaim', actions: 'finishStage' },
    ],
    onError: faulted,
  },
  after: { checkTimeout: late('checking the artifact') },
});

const againLine = ({ summary, reason }: Failure) => ({ line: `${summary} ${reason} It is tried again.` });

/** From the beginning, and with the attempts that any upload has. */
const beginAnew = (failure: Failure) =>
  ({ target: AWAITING_CLAIM, actions: { type: 'passLog', params: againLine(failure) } }) as const;

/** The same after an error of a port: whoever sees the upload begin twice is told why. */
const beginAnewAfterError = {
  target: AWAITING_CLAIM,
  actions: {
    type: 'passLog',
    params: ({ event }: { event: ErrorActorEvent }) => againLine(toFailure(event.error)),
  },
} as const;

const check = signJobSetup.createStateConfig({
  description: 'Is the artifact good?',
  initial: 'reading',
  states: {
    reading: {
      description: 'The artifact is read back as a stranger would read it.',
      invoke: {
        id: 'checkBesideUpload',
        src: 'checkArtifact',
        input: step,
        onDone: [
          {
            guard: and(['isOnItsWay', 'claimIsValid', not('hasNewerToken')]),
            target: 'passed',
            actions: 'finishStage',
          },
          { target: AWAITING_CLAIM, actions: 'finishStage' },
        ],
        onError: faulted,
      },
      after: { checkTimeout: late('checking the artifact') },
    },
    passed: {
      description:
        'It is good: the last bytes may leave, and the hub may have it from now on. They stay here when the claim is in doubt or a newer token came before; after that nothing holds them back, and an artifact that went under an old token is sent once more.',
      entry: begin('uploading', 'Uploading artifact'),
      invoke: {
        id: 'releaseDelivery',
        src: 'releaseDelivery',
        input: step,
        onDone: { actions: [] },
        onError: beginAnewAfterError,
      },
      initial: 'sending',
      states: {
        sending: {
          description: 'Each piece that leaves starts the wait anew.',
          on: {
            'step.moved': { target: 'sending', reenter: true },
            'step.sent': 'awaitingAnswer',
          },
          after: { stallTimeout: beginAnew(uploadStalled) },
        },
        awaitingAnswer: {
          description: 'Everything has left this process; the hub decodes it before it answers.',
          after: { answerTimeout: beginAnew(uploadUnanswered) },
        },
      },
    },
  },
});

const upload = signJobSetup.createStateConfig({
  description: 'One attempt, whose last bytes are held back until the check has passed.',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'All but the last bytes leave.',
      invoke: {
        id: 'deliverAhead',
        src: 'deliverAhead',
        input: step,
        onDone: [
          {
            guard: 'artifactIsGood',
            target: '#signJob.engaged.work.running.delivered',
            actions: 'keepDelivered',
          },
          // no hub can have it yet, whatever it says
          { target: 'brokenOff' },
        ],
        onError: [{ guard: 'artifactIsGood', ...beginAnewAfterError }, { target: 'brokenOff' }],
      },
    },
    brokenOff: {
      description: 'The hub has nothing; after the check the upload begins anew, with all its attempts.',
    },
  },
});

export const checkingWhileSending = signJobSetup.createStateConfig({
  description:
    'The artifact is read back while it is on its way to the hub, which gets the last bytes when that has gone well; otherwise the upload is broken off, and the hub has nothing. The machine is not needed any more.',
  type: 'parallel',
  entry: ['resetAttempts', 'countAttempt'],
  on: MACHINE_NOT_NEEDED,
  after: { uploadTimeout: late('uploading the artifact') },
  states: { check, upload },
});
