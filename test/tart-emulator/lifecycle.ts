import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createActor, fromTransition, waitFor } from 'xstate';
import type { VmOutput, VmReport } from '../../machines/contracts/vm.ts';
import { createNameLocks } from '../../src/actors/name-locks.ts';
import { provideVmLifecycle } from '../../src/actors/vm-lifecycle.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createRedactor } from '../../src/domain/redaction/index.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { Services } from '../../src/run/services.ts';
import { freshName } from '../helpers/local-vm.ts';
import { type Knobs, type TartHost, type TartHostOptions, tartHost } from './host.ts';

/** Deadlines short enough for a test, long enough for a machine that is well on a busy host. */
const limits = {
  cloneTimeout: 6_000,
  bootTimeout: 3_000,
  slotPause: 100,
  locateTimeout: 6_000,
  locatePause: 20,
  connectTimeout: 8_000,
  connectPause: 50,
  stopTimeout: 6_000,
  deleteTimeout: 3_000,
  deletePause: 100,
};

export type LimitsOfLife = Partial<typeof limits>;

export interface LivedLife extends VmOutput {
  /** Codes of what was lost, in order; empty for a life that went well. */
  readonly lost: readonly string[];
  readonly wasReady: boolean;
}

/** One machine from clone to its end, by the real statechart and the real clock; released as soon as it is ready. */
export async function live(
  { driver, folder }: TartHost,
  own: LimitsOfLife = {},
  whenReady: (name: string, over: Promise<unknown>) => Promise<unknown> = async () => undefined,
): Promise<LivedLife> {
  const name = freshName();
  const reports: VmReport[] = [];
  const owner = createActor(fromTransition((_, event: VmReport) => void reports.push(event), undefined));
  owner.start();
  const services = {
    driver,
    guests: new Map(),
    journal: openJournal(join(folder, 'state')),
    logger: createLogger({ level: 'silent', redactor: createRedactor(), forTerminal: false }),
    config: loadConfig({ PERRY_VM_DRIVER: 'tart' }).config,
    limits: { vm: { ...limits, ...own } },
  } as unknown as Services;
  const actor = createActor(provideVmLifecycle(services, createNameLocks()), {
    input: { name, image: 'golden', owner },
  });
  actor.start();
  await waitFor(actor, (state) => state.matches({ alive: 'ready' }) || state.status === 'done', {
    timeout: 40_000,
  });
  const over = waitFor(actor, (state) => state.status === 'done', { timeout: 40_000 });
  if (actor.getSnapshot().status !== 'done') await whenReady(name, over);
  if (actor.getSnapshot().status !== 'done') actor.send({ type: 'vm.releaseRequested' });
  const { output } = await over;
  // the guests of the emulator share this folder with their host, and one that dies early does not tidy up
  await rm(join('/tmp', `.${name}`), { force: true });
  const lost = reports.flatMap((event) => (event.type === 'vm.lost' ? [event.failure.code] : []));
  return {
    ...(output as VmOutput),
    lost,
    wasReady: reports.some(({ type }) => type === 'vm.ready'),
  };
}

/** A test on a host of its own, on which no machine, folder or process is left at the end. */
export const on =
  (knobs: Knobs, run: (host: TartHost) => Promise<void>, more: TartHostOptions = {}) =>
  async () => {
    const host = await tartHost({ knobs, ...more });
    await run(host);
    await host.expectNothingLeft();
    await host.remove();
  };

/** Knobs under which one command goes wrong. */
export const faulty = (command: string, fault: object): Knobs => ({ faults: { [command]: fault } });
