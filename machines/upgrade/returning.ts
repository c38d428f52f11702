import { upgradeSetup } from './setup.ts';
import { began, lateStranded, STRANDED, stranded, watched } from './transitions.ts';

export const returning = upgradeSetup.createStateConfig({
  description:
    'What was changed is undone, and the daemon of before runs again; a wish to stop waits for that.',
  entry: began('returning'),
  on: { 'cancel.requested': {} },
  initial: 'beginning',
  states: {
    beginning: {
      description: 'Was the new program put in place, and its daemon started?',
      always: [{ guard: 'isSwappedAndStarts', target: 'stopping' }, { target: 'ending' }],
    },
    stopping: {
      description: 'The service manager ends the new daemon, and starts it no more.',
      invoke: { id: 'stopService', src: 'stopService', onDone: 'ending', onError: stranded },
      after: { stopTimeout: lateStranded('Ending the new daemon') },
    },
    ending: {
      description:
        'Nobody may work on the state directory: neither the new daemon, nor one that is just ending.',
      invoke: {
        id: 'untilEnded',
        src: 'daemonWatch',
        input: { until: 'gone' },
        onDone: 'swappingBack',
        onError: stranded,
      },
      after: { endTimeout: lateStranded('The end of the daemon') },
    },
    swappingBack: {
      description: 'The old program gets its place again, and the state its form.',
      invoke: {
        id: 'swapBack',
        src: 'swapBack',
        input: ({ context: { from } }) => ({ from }),
        onDone: [{ guard: 'starts', target: 'starting' }, { target: 'tidying' }],
        onError: stranded,
      },
      after: { swapTimeout: lateStranded('Putting the old program in place') },
    },
    starting: {
      description: 'The service manager starts the old daemon.',
      invoke: { id: 'startOld', src: 'startService', onDone: 'proving', onError: stranded },
      after: { startTimeout: lateStranded('Starting the old daemon') },
    },
    proving: {
      description: 'It must answer and serve; the hub may be away.',
      invoke: {
        id: 'untilOldServes',
        src: 'daemonWatch',
        input: ({ context }) => ({ until: 'serving', version: context.from, needsLink: false }),
        onDone: [{ guard: { type: 'hasDied', params: watched }, target: STRANDED }, { target: 'tidying' }],
        onError: stranded,
      },
      after: { proveTimeout: lateStranded('Starting the old daemon') },
    },
    tidying: {
      description: 'What was installed beside is removed.',
      invoke: {
        id: 'clearAfterReturn',
        src: 'clearAway',
        onDone: '#upgrade.returned',
        // the next upgrade does that
        onError: '#upgrade.returned',
      },
      after: { clearTimeout: '#upgrade.returned' },
    },
  },
});
