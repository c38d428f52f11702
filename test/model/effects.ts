import { address, failure } from '../machines/samples.ts';
import { admittedBoth, admittedWith, artifact } from '../machines/sign-job-scene.ts';
import type { Call } from '../machines/stage.ts';
import { type Happening, happening } from './happening.ts';
import type { ModelHost } from './model-host.ts';
import type { ModelHub } from './model-hub.ts';

export interface Surroundings {
  readonly hub: ModelHub;
  readonly host: ModelHost;
  /** This effect fails more often than not. */
  readonly isHarsh: boolean;
}

const OFTEN = 30;

/** The ways in which one effect can end, or what it can say while it lives. */
export function waysOf(call: Call, { hub, host, isHarsh }: Surroundings): Happening[] {
  const { port, input } = call;
  const name = `${port} ${input?.runId ?? input?.name ?? input?.vmName ?? ''}`.trim();
  const good = (answer: () => void = () => call.answer(), weight = OFTEN) =>
    happening(`${name} ends well`, isHarsh ? 1 : weight, answer);
  const bad = (code: string, isRetryable: boolean, weight = 1) =>
    happening(`${name} fails: ${code}`, weight, () => call.fail(failure(code, isRetryable)));
  const says = (type: string, weight: number, how = `says ${type}`) =>
    happening(`${name} ${how}`, weight, () => call.say({ type, reason: 'x' }));
  const started = happening(`${name} says vm.started`, 20, () => host.boot(call));
  const broken = bad('BROKEN', false);
  const unavailable = bad('HUB_UNAVAILABLE', true, 2);
  const knows = (id: string) => hub.knows(id);
  const isGone = host.isSwept(input?.name);
  switch (port) {
    case 'hubSocket':
      return [];
    case 'watchGuest':
      return [says('guest.lost', 1)];
    case 'runVm':
      if (isGone) return [says('vm.exited', 4, 'is swept away')];
      return [...(host.isBooted(call) ? [] : [started]), says('vm.exited', 1), bad('VM_START_FAILED', true)];
    case 'makeVmName':
      return [good(() => call.answer(host.newName())), broken];
    case 'cloneVm':
      return [...(isGone ? [] : [good()]), bad('VM_CLONE_FAILED', true)];
    case 'locateVm':
      return [...(isGone ? [] : [good(() => call.answer(address))]), bad('VM_NOT_LOCATED', true, 2), broken];
    case 'connectGuest':
      return [...(isGone ? [] : [good()]), bad('GUEST_UNREACHABLE', true, 2), broken];
    case 'deleteVm':
      return [
        good(() => {
          host.delete(input.name);
          call.answer();
        }),
        bad('VM_DELETE_FAILED', true, 2),
      ];
    case 'sweepRun':
      return [
        good(() => {
          host.sweep(input.vmName);
          call.answer();
        }),
        bad('VM_DELETE_FAILED', true),
      ];
    case 'sweepLeaks':
      return [
        good(() => {
          for (const leaked of input.names) host.sweep(leaked);
          call.answer(input.names);
        }, 4),
        happening(`${name} ends without a success`, 2, () => call.answer([])),
        broken,
      ];
    case 'sweepLeftovers':
      return [
        good(() => call.answer([])),
        happening(`${name} leaves one`, 1, () => call.answer(['perry-ship-0a1b2c3d-old'])),
        broken,
      ];
    case 'findObstacles':
      return [
        good(() => call.answer([])),
        happening(`${name} finds one`, 3, () => call.answer([obstacle])),
        broken,
      ];
    case 'probeAssignments':
      return [good(() => call.answer(reopening(input.assignmentIds, knows)), 6), unavailable];
    case 'probeReturned':
      return [good(() => call.answer(input.assignmentIds.filter(knows)), 6), unavailable];
    case 'askQueueLength':
      return [good(() => call.answer(hub.queued.length)), good(() => call.answer(null)), unavailable];
    case 'probeClaim':
      return [good(() => call.answer(knows(input.assignmentId) ? 'open' : 'closed'), 6), unavailable];
    case 'watchRun':
      return [happening(`${name} says process.ended`, 1, () => call.say(processEnded))];
    case 'openRun':
      return [good(() => call.answer(jobOf(input.runId))), bad('RUN_PROCESS_LOST', true)];
    case 'admitJob':
      return [good(() => call.answer(jobOf(input.runId))), bad('MANIFEST_INVALID', false)];
    case 'drawIcons':
      return [true, false].map((hasCatalog) => good(() => call.answer({ hasCatalog }))).concat(broken);
    case 'compileAssets':
      return [true, false].map((isCompiled) => good(() => call.answer({ isCompiled }))).concat(broken);
    case 'recallArtifact':
      return [
        good(() => call.answer(null)),
        ...[[], ['s']].map((acceptedAs) => good(() => call.answer({ artifact, acceptedAs }))),
        broken,
      ];
    case 'learnToolchain':
      return [good(() => call.answer('xcode')), bad('TOOLCHAIN_LACKS_PRODUCTBUILD', false)];
    case 'notarization':
      return [
        good(() => call.answer({ outcome: 'succeeded', submissionId: 's', artifact, failure: null })),
        bad('NOTARY_TIMED_OUT', true),
      ];
    case 'findEarlierUpload':
      return [good(() => call.answer(null)), broken];
    case 'storeUpload':
      return [good(() => call.answer(published)), good(() => call.answer(refused), 2)];
    case 'downloadBundle':
      return [
        knows(input.assignmentId) ? good() : bad('HUB_JOB_NOT_OURS', false, OFTEN),
        unavailable,
        broken,
      ];
    case 'releaseDelivery':
      return [
        good(() => {
          hub.release(input.runId);
          call.answer();
        }),
        broken,
      ];
    case 'deliverAhead':
      return [...(hub.isReleased(input.runId) ? [good(() => deliver(call, hub))] : []), unavailable];
    case 'deliverArtifact':
      return [good(() => deliver(call, hub)), unavailable];
    case 'packageArtifact':
      return [good(() => call.answer(artifact)), broken];
    case 'recordSignature':
      return [good(() => call.answer(input.artifact)), bad('SIGNATURE_NOT_RECORDED', false)];
    default:
      return [good(), broken];
  }
}

const reopening = (asked: string[], knows: (id: string) => boolean) => ({
  asked,
  stillOpen: asked.filter(knows),
  unclear: [],
});

const obstacle = { about: 'disk', summary: 's', reason: 'r', nextStep: 'n' };
const processEnded = { type: 'process.ended', failure: failure('RUN_PROCESS_LOST', true) };
const published = { outcome: 'published', processed: true, uploadId: 'u', remarks: [], failure: null };
const refused = { ...published, outcome: 'failed', failure: failure('STORE_REJECTED') };

/** Plain ones, some with a profile, and some that go everywhere from a machine that has to be asked. */
function jobOf(runId: string) {
  const number = Number(/\d+$/.exec(runId)?.[0] ?? 0);
  return number % 3 === 0
    ? { ...admittedBoth('app', 'image'), toolchain: null }
    : admittedWith({ embedsProfile: number % 2 === 0 });
}

function deliver(call: Call, hub: ModelHub): void {
  if (hub.upload(call.input.assignmentId)) call.answer();
  else call.fail(failure('HUB_JOB_NOT_OURS'));
}
