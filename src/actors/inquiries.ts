import { rm } from 'node:fs/promises';
import { createActor, fromPromise, toPromise } from 'xstate';
import type { Failure } from '../../machines/contracts/failure.ts';
import { textsOf } from '../../machines/contracts/wording.ts';
import { inquiryMachine } from '../../machines/inquiry/machine.ts';
import type { RunMemory } from '../config/load.ts';
import { type FailureCode, ShipError } from '../errors.ts';
import type { InquiryName } from '../run/channel/inquiries.ts';
import { MAX_FROM_RUN_BYTES } from '../run/channel/messages.ts';
import type { AnswerOf, InputOf } from '../run/channel/ports.ts';
import { runLimitsOf } from '../run/host/limits.ts';
import type { StartRun } from '../run/host/link.ts';
import { RunHost } from '../run/host/run-host.ts';
import { startInquiryProcess } from '../run/host/run-process.ts';
import { makeTemporaryFolder } from '../temporary-folder.ts';

export interface InquirerOptions {
  readonly memory: RunMemory;
  /** Takes the place of a process of our own. */
  readonly start?: StartRun;
}

/**
 * Asks a process of its own about files that others made: what is in them can neither enlarge nor crash the one that
 * asks.
 */
export interface Inquirer {
  /** For what the process unpacks; private, and gone in the end. */
  readonly scratchDir: string;
  /**
   * @throws ShipError what is wrong with the files · STEP_TIMED_OUT, RUN_PROCESS_LOST, RUN_PROCESS_KILLED,
   *   RUN_OUT_OF_MEMORY · the signal's reason
   */
  ask<Name extends InquiryName>(
    name: Name,
    input: InputOf<Name>,
    signal: AbortSignal,
  ): Promise<AnswerOf<Name>>;
  /** Ends the process, when nothing more will be asked. */
  end(): Promise<void>;
}

/** Starts the process, which loads while the caller goes on, and ends it with what uses it. */
export async function withInquirer<T>(
  options: InquirerOptions,
  use: (inquirer: Inquirer) => Promise<T>,
): Promise<T> {
  const scratchDir = await makeTemporaryFolder('perry-ship-');
  try {
    const host = startHost(options);
    const inquirer: Inquirer = {
      scratchDir,
      ask: (name, input, signal) => ask(host, name, input, signal),
      end: () => host.end(),
    };
    return await use(inquirer).finally(() => host.end());
  } finally {
    await rm(scratchDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

function startHost({ memory, start }: InquirerOptions): RunHost {
  // one report is all that is said
  const rates = { messageBytes: MAX_FROM_RUN_BYTES, bytesPerSecond: 2 * MAX_FROM_RUN_BYTES };
  const limits = { ...runLimitsOf(memory), ...rates };
  const link = start?.() ?? startInquiryProcess(limits);
  return new RunHost(link, { limits, onLog: () => {}, work: 'reading the file' });
}

/** One question, with the deadline and the watch of the chart. */
async function ask<Name extends InquiryName>(
  host: RunHost,
  name: Name,
  input: InputOf<Name>,
  signal: AbortSignal,
): Promise<AnswerOf<Name>> {
  signal.throwIfAborted();
  const actor = createActor(
    inquiryMachine.provide({
      actors: {
        askProcess: fromPromise(({ signal: stopping }) => host.call(name, input, { signal: stopping })),
        measureProcess: fromPromise(({ signal: stopping }) => host.measure(stopping)),
      },
    }),
  );
  const over = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
  });
  const ended = toPromise(actor);
  actor.start();
  try {
    const { answer, failure } = await Promise.race([ended, stopped]);
    if (failure) throw errorOf(failure);
    return answer as AnswerOf<Name>;
  } finally {
    over.abort();
    actor.stop();
  }
}

const errorOf = (failure: Failure): ShipError => new ShipError(failure.code as FailureCode, textsOf(failure));
