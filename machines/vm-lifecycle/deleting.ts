import { vmLifecycleSetup } from './setup.ts';
import { cloneOf } from './transitions.ts';

export const deleting = vmLifecycleSetup.createStateConfig({
  description: 'The clone is removed, whatever happened before.',
  on: { 'vm.releaseRequested': {} },
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One attempt to delete the clone.',
      entry: 'countDelete',
      invoke: {
        id: 'deleteVm',
        src: 'deleteVm',
        input: cloneOf,
        onDone: '#vmLifecycle.deleted',
        onError: 'deciding',
      },
      after: { deleteTimeout: 'deciding' },
    },
    deciding: {
      description: 'Deleting failed: once more, or call it leaked.',
      always: [{ guard: 'mayDeleteAgain', target: 'pausing' }, { target: '#vmLifecycle.leaked' }],
    },
    pausing: {
      description: 'A pause, because what holds the clone may let go.',
      after: { deletePause: 'attempting' },
    },
  },
});
