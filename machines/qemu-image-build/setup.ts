import { assign, emit, setup } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type {
  QemuImageBuildContext,
  QemuImageBuildEvent,
  QemuImageBuildNote,
  QemuImageBuildOutput,
  QemuImageBuildPhase,
} from './context.ts';
import { qemuImageBuildLimits } from './limits.ts';
import { qemuImageBuildPorts } from './ports.ts';

/** What the states of the qemu-image-build are made of. */
export const qemuImageBuildSetup = setup({
  types: {
    context: {} as QemuImageBuildContext,
    events: {} as QemuImageBuildEvent,
    emitted: {} as QemuImageBuildNote,
    output: {} as QemuImageBuildOutput,
  },
  actors: qemuImageBuildPorts,
  actions: {
    tell: emit((_, params: { phase: QemuImageBuildPhase }) => ({
      type: 'began' as const,
      phase: params.phase,
    })),
    fail: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    cancel: assign({ isCancelled: true }),
    notePlaced: assign({ isPlaced: true }),
    noteTidy: assign({ isTidy: true }),
  },
  guards: {
    isPlaced: ({ context }) => context.isPlaced,
    isCancelled: ({ context }) => context.isCancelled,
  },
  delays: { ...qemuImageBuildLimits },
});
