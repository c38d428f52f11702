import { any, clusterMachineSetup, conclude, errorOf, seen } from './setup.ts';

const FOLLOWED = '#clusterMachine.followed';
const ENDED = '#clusterMachine.ended';

type Answered = { event: { output: string | null } };
const uidOf = ({ event }: Answered) => ({ uid: event.output });
const identified = { type: 'identify' as const, params: uidOf };

/** Given up in its middle, a request may still be done: its answer says whether there is a machine to remove. */
const untilAnswered = {
  initial: 'wanted',
  states: {
    wanted: { description: 'Somebody waits for the machine.', on: { 'machine.unwanted': 'unwanted' } },
    unwanted: {
      description:
        'Nobody wants it any more; the answer is waited for, so that nothing is made behind our back.',
      on: { 'machine.unwanted': {} },
      exit: 'recallUnwanted',
    },
  },
} as const;

/** One request makes a machine, and asks for its boot; its answer can be lost, and the machine made all the same. */
export const creating = clusterMachineSetup.createStateConfig({
  description: 'A machine is asked for, until it is known to be there, and once only.',
  on: { 'machine.unwanted': { target: 'late', actions: conclude('unwanted') } },
  after: { creationTimeout: { target: 'late', actions: conclude('unanswered') } },
  initial: 'requesting',
  states: {
    requesting: {
      description: 'The first request under this name: who else has it is not ours.',
      ...untilAnswered,
      invoke: {
        id: 'requestMachine',
        src: 'requestMachine',
        onDone: [
          {
            guard: { type: 'isTaken', params: uidOf },
            target: ENDED,
            actions: conclude('taken'),
          },
          { target: FOLLOWED, actions: identified },
        ],
        onError: [
          { guard: { type: 'isUnanswered', params: errorOf }, target: 'doubting' },
          { target: ENDED, actions: conclude('refused') },
        ],
      },
      after: { requestTimeout: 'doubting' },
    },
    doubting: {
      description: 'It is not known whether the request was done; the controller may be away.',
      after: { requestPause: 'looking' },
    },
    looking: {
      description: 'Is there a machine of this name? The name is ours alone, so that it is the one.',
      invoke: {
        id: 'lookForMachine',
        src: 'lookAtMachine',
        input: any,
        onDone: [
          {
            guard: { type: 'isNew', params: seen },
            target: FOLLOWED,
            actions: { type: 'identify', params: ({ event }) => ({ uid: event.output.uid }) },
          },
          { target: 'requestingAgain' },
        ],
        onError: 'doubting',
      },
      after: { answerTimeout: 'doubting' },
    },
    requestingAgain: {
      description:
        'There is none: the request is made once more, and may find that the first one came in between.',
      ...untilAnswered,
      invoke: {
        id: 'requestMachineAgain',
        src: 'requestMachine',
        onDone: [
          { guard: { type: 'isTaken', params: uidOf }, target: 'doubting' },
          { target: FOLLOWED, actions: identified },
        ],
        onError: [
          { guard: { type: 'isUnanswered', params: errorOf }, target: 'doubting' },
          { target: ENDED, actions: conclude('refused') },
        ],
      },
      after: { requestTimeout: 'doubting' },
    },
  },
});
