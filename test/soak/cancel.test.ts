import { beforeEach, describe, expect, test, vi } from 'vitest';
import { signJobLimits } from '../../machines/sign-job/limits.ts';
import { DELETE_ATTEMPTS, vmLimits } from '../../machines/vm-lifecycle/limits.ts';
import { soakCount } from '../helpers/soak-count.ts';
import { countedText } from '../helpers/soak-random.ts';
import { Simulation } from '../helpers/soak-sim.ts';
import { LATENCY_MS } from '../helpers/soak-sim-hub.ts';
import { type Trouble, troubles } from '../helpers/soak-sim-ports.ts';

const CANCELS = soakCount('CANCELS', { suite: 1_800, full: 5_000 });
const MAX_CONCURRENT = 3;
/** As long as a job takes that is notarized twice and goes to the store, when everything answers. */
const JOB_MS = 100_000;
const BOUND_MS = 5_000;
const { stopTimeout, deleteTimeout, deletePause } = vmLimits;
/** From the cancel to the last trace, when nothing answers any more. */
const LONGEST_END_MS =
  stopTimeout +
  DELETE_ATTEMPTS * deleteTimeout +
  (DELETE_ATTEMPTS - 1) * deletePause +
  signJobLimits.purgeTimeout;

// the development build of xstate remarks on each event to an actor that has ended: here that is everyday life
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));

interface Cancelled {
  readonly state: string;
  readonly toConclusionMs: number;
  readonly toEndMs: number;
}

/** A daemon whose jobs are all cancelled, each at a moment of its own. */
function cancelMany(trouble: Trouble, seed: number, count: number) {
  const world = new Simulation({ seed, maxConcurrent: MAX_CONCURRENT, trouble });
  const asked: { runId: string; state: string; atMs: number }[] = [];
  const planned = new Set<string>();
  let late = 0;
  const cancel = (runId: string) => {
    const run = world.runs.find((each) => each.runId === runId);
    // it has given its answer before; a cancel that comes too late is sent all the same
    const isOpen = run !== undefined && run.phase !== 'concluded';
    const work = run && (run.ref.getSnapshot().value as { engaged?: { work: unknown } }).engaged?.work;
    if (isOpen) asked.push({ runId, state: stateText(work), atMs: world.clock.nowMs });
    else late += 1;
    const jobId = run?.jobId ?? `of ${runId}`;
    // a user by way of the hub, which knows only the last job, or the operator
    if (!(world.random.next() < 0.3 && world.hub.ledger.cancel(jobId)))
      world.root.send({ type: 'job.cancelRequested', jobId });
  };
  const keepBusy = () => {
    for (const { runId } of world.runs.filter((run) => !planned.has(run.runId))) {
      planned.add(runId);
      world.after(world.random.between(0, JOB_MS), () => cancel(runId));
    }
    if (planned.size < count && world.hub.ledger.queueLength === 0) world.hub.submit();
    return planned.size >= count && asked.length + late >= planned.size && world.hub.open.length === 0;
  };
  world.until(keepBusy, 'every job was cancelled or done');
  const left = world.end();
  const concludedAtMs = (runId: string) => world.concludedAtMs.get(runId) ?? Number.POSITIVE_INFINITY;
  const endedAtMs = (runId: string) => world.endedAtMs.get(runId) ?? Number.POSITIVE_INFINITY;
  const cancelled: Cancelled[] = asked.map(({ runId, state, atMs }) => ({
    state,
    toConclusionMs: concludedAtMs(runId) - atMs,
    toEndMs: endedAtMs(runId) - atMs,
  }));
  return { world, left, cancelled, late, planned: planned.size };
}

/** `running.downloading.attempting` */
const stateText = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([name, inner]) => `${name}.${stateText(inner)}`)
        .join('|')
    : String(value);

const names = Object.keys(troubles) as Trouble[];
const worst = (values: readonly number[]) => Math.max(0, ...values);
const p99 = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
const met: string[] = [];

describe(`${CANCELS} cancels at any moment: one answer each, in bounded time, and nothing is left`, () => {
  test.each(names.map((trouble, index) => ({ trouble, seed: 20_260_101 + index })))(
    '$trouble',
    ({ trouble, seed }) => {
      const { world, left, cancelled, late, planned } = cancelMany(trouble, seed, CANCELS / names.length);
      expect(left).toEqual([]);
      expect(planned).toBeGreaterThanOrEqual(CANCELS / names.length);
      expect([...world.hub.completes.values()].filter(({ length }) => length !== 1)).toEqual([]);
      expect([...world.hub.ledger.jobs.keys()].filter((id) => !world.hub.completes.has(id))).toEqual([]);
      // the answer waits for nothing but the wire
      expect(worst(cancelled.map(({ toConclusionMs }) => toConclusionMs))).toBeLessThanOrEqual(LATENCY_MS);
      const ends = cancelled.map(({ toEndMs }) => toEndMs);
      expect(worst(ends)).toBeLessThanOrEqual(LONGEST_END_MS);
      if (trouble === 'nothing') expect(p99(ends)).toBeLessThanOrEqual(BOUND_MS);
      met.push(...cancelled.map(({ state }) => state));
      console.error(
        `${trouble}: ${cancelled.length} cancelled, ${late} too late, all gone after ${p99(ends)} ms (p99), ${worst(ends)} ms at most`,
      );
    },
    0,
  );

  test('these met every state of the work that lasts', () => {
    console.error(countedText(met));
    const lasting = [
      ...['admitting', 'waitingForSlot', 'running.downloading.attempting', 'running.inspecting'],
      ...['running.checkingCredentials', 'running.drawingIcons', 'running.mergingInfoPlist'],
      ...['running.compilingIcon', 'running.namingCatalog'],
      ...['running.embeddingProfile', 'running.awaitingMachine', 'running.transferring'],
      ...[
        'running.codesigning',
        'running.takingSignatures',
        'running.verifyingSignature',
        'running.packaging',
      ],
      ...[
        'running.recordingSignature',
        'running.recordingChange',
        'running.checkingArtifact',
        'running.delivering.attempting.beginning',
      ],
      'running.checkingWhileSending.check.reading|upload.attempting',
      ...['running.learningToolchain', 'running.layingOutBundle', 'running.notarizing'],
      ...['running.restoringApp', 'running.updatingBundle', 'running.packagingAnew'],
      'running.checkingRemade',
      ...['running.validatingStaple', 'running.checkingStapled', 'running.publishing.sending'],
    ];
    expect(lasting.filter((state) => !met.includes(state))).toEqual([]);
  });
});
