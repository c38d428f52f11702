import { createActor, fromPromise } from 'xstate';
import { qemuImageBuildLimits } from '../../machines/qemu-image-build/limits.ts';
import {
  type QemuImageBuildOutput,
  type QemuImageBuildPhase,
  qemuImageBuildMachine,
} from '../../machines/qemu-image-build/machine.ts';
import type { qemuImageBuildPorts } from '../../machines/qemu-image-build/ports.ts';
import { untilEnds } from './until-ends.ts';

type PortName = keyof typeof qemuImageBuildPorts;

/** What a build does, each with the signal that ends it. */
export type QemuImageBuildEffects = Readonly<Record<PortName, (signal: AbortSignal) => Promise<void>>>;

export interface QemuImageBuildRun {
  readonly effects: QemuImageBuildEffects;
  /** Deadlines that take the place of the built-in ones, in milliseconds. */
  readonly limits: Partial<Record<keyof typeof qemuImageBuildLimits, number>>;
  readonly onPhase: (phase: QemuImageBuildPhase) => void;
  /** Aborting cancels the build; what was made is removed before the promise settles. */
  readonly signal: AbortSignal;
}

/** One build from its beginning to its end, by the chart qemu-image-build. */
export async function runQemuImageBuild(run: QemuImageBuildRun): Promise<QemuImageBuildOutput> {
  const { effects, limits, onPhase, signal } = run;
  const actor = createActor(provideQemuImageBuild(effects, limits), { id: 'qemu-image-build' });
  actor.on('began', ({ phase }) => onPhase(phase));
  return untilEnds(actor, signal);
}

/** The qemu-image-build with its ports filled in; a step that was left has ended before anything is cleared away. */
function provideQemuImageBuild(effects: QemuImageBuildEffects, limits: QemuImageBuildRun['limits']) {
  let last: Promise<unknown> = Promise.resolve();
  const step = (name: PortName) =>
    fromPromise<void, void>(({ signal }) => {
      const running = effects[name](signal);
      last = running.catch(() => {});
      return running;
    });
  return qemuImageBuildMachine.provide({
    delays: { ...qemuImageBuildLimits, ...limits },
    actors: {
      surveyHost: step('surveyHost'),
      obtainRcodesign: step('obtainRcodesign'),
      installDebian: step('installDebian'),
      makeDisk: step('makeDisk'),
      compressDisk: step('compressDisk'),
      packInitrd: step('packInitrd'),
      describeImage: step('describeImage'),
      placeImage: step('placeImage'),
      clearAway: fromPromise<void, void>(async ({ signal }) => {
        await last;
        await effects.clearAway(signal);
      }),
    },
  });
}
