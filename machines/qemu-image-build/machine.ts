import type { QemuImageBuildOutput } from './context.ts';
import { compressing, describing, installing, makingDisk, packing } from './making.ts';
import { qemuImageBuildSetup } from './setup.ts';
import { began, faulted, late, stoppable } from './transitions.ts';

export type { QemuImageBuildNote, QemuImageBuildOutput, QemuImageBuildPhase } from './context.ts';

/**
 * The build of one golden image for QEMU: Debian is installed into a folder, and becomes a disk, a kernel and an initial
 * file system, which are put in place together.
 *
 * Promises: the image is there whole in the end, or what was there before is; a wish to stop and a step that takes too
 * long end the program that runs, at once; every path on which something was made passes `clearing`, so that nothing is left but the image.
 */
export const qemuImageBuildMachine = qemuImageBuildSetup.createMachine({
  id: 'qemuImageBuild',
  description: 'One golden image for QEMU, from packages of Debian to files that machines boot from.',
  context: { failure: null, isCancelled: false, isPlaced: false, isTidy: false },
  output: ({ context: { failure, isTidy }, event }) => ({
    outcome: (event as unknown as { output: QemuImageBuildOutput['outcome'] }).output,
    failure,
    isTidy,
  }),
  initial: 'surveying',
  states: {
    surveying: {
      description: 'Everything that would go wrong for certain is found before anything is made.',
      entry: began('surveying'),
      invoke: {
        id: 'surveyHost',
        src: 'surveyHost',
        onDone: 'obtainingRcodesign',
        // it has taken nothing then
        onError: { target: 'concluding', actions: [faulted.actions, 'noteTidy'] },
      },
      on: stoppable,
      after: { surveyTimeout: late('looking at this host') },
    },
    obtainingRcodesign: {
      description: 'The pinned rcodesign is found on this host, fetched, or built.',
      entry: began('obtainingRcodesign'),
      invoke: { id: 'obtainRcodesign', src: 'obtainRcodesign', onDone: 'installing', onError: faulted },
      on: stoppable,
      after: { rcodesignTimeout: late('obtaining rcodesign') },
    },
    installing,
    makingDisk,
    compressing,
    packing,
    describing,
    placing: {
      description: 'The files get their places and names; a wish to stop waits for that.',
      entry: began('placing'),
      invoke: {
        id: 'placeImage',
        src: 'placeImage',
        onDone: { target: 'clearing', actions: 'notePlaced' },
        onError: faulted,
      },
      on: { 'cancel.requested': { actions: 'cancel' } },
      after: { placeTimeout: late('putting the image in place') },
    },
    clearing: {
      description: 'The program that runs is killed, if one does; all that was made on the way is removed.',
      entry: began('clearing'),
      invoke: {
        id: 'clearAway',
        src: 'clearAway',
        onDone: { target: 'concluding', actions: 'noteTidy' },
        onError: 'concluding',
      },
      on: { 'cancel.requested': { actions: 'cancel' } },
      after: { clearTimeout: 'concluding' },
    },
    concluding: {
      description: 'Is there an image, and if not, was that wanted?',
      always: [
        { guard: 'isPlaced', target: 'built' },
        { guard: 'isCancelled', target: 'cancelled' },
        { target: 'failed' },
      ],
    },
    built: { description: 'The image is there whole.', type: 'final', output: 'built' },
    failed: { description: 'There is no new image; the failure says why.', type: 'final', output: 'failed' },
    cancelled: { description: 'There is no new image, as was wished.', type: 'final', output: 'cancelled' },
  },
});
