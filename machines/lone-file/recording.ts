import { loneFileSetup } from './setup.ts';
import { failed, fileOf, late } from './transitions.ts';

export const recording = loneFileSetup.createStateConfig({
  description:
    'What goes to Apple with the keys of the person is entered in the account of signatures before; without that nothing goes.',
  invoke: {
    id: 'recordFile',
    src: 'recordFile',
    input: ({ context }) => ({
      ...fileOf({ context }),
      task: context.task === 'publish' ? ('publish' as const) : ('notarize' as const),
    }),
    onDone: [
      { guard: 'isKnownToApple', target: 'remembering' },
      { guard: 'isNotarized', target: 'notarizing' },
      { target: 'publishing' },
    ],
    onError: failed,
  },
  after: { recordTimeout: late('entering the file in the account of signatures') },
});
