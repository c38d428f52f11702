import * as z from 'zod';
import { toFailure } from '../../../machines/contracts/failure.ts';
import { type ReceivedFailure, receivedFailure } from './received-failure.ts';

/** A call may carry all credentials of a job, of which the hub takes frames of this size. */
export const MAX_TO_RUN_BYTES = 64 * 1024 * 1024;
/** Results of steps are facts and texts, a bundle never travels here; a report on an app with thousands of programs. */
export const MAX_FROM_RUN_BYTES = 64 * 1024 * 1024;

/** What the daemon says to the process of a run. */
export type ToRun =
  | { readonly type: 'call'; readonly id: number; readonly port: string; readonly input: unknown }
  | { readonly type: 'abort'; readonly id: number };

const MAX_TEXT = 64 * 1024;
const text = z.string().max(MAX_TEXT);
const id = z.int().nonnegative();
/** For the operator's log: flat, so that nothing can be nested too deep to be written. */
const facts = z.record(z.string().max(100), z.union([text, z.number(), z.boolean(), z.null()]));

const report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step.progressed'), percent: z.int().min(0).max(99) }),
  z.object({ type: z.literal('step.logged'), line: text }),
  z.object({ type: z.literal('step.moved') }),
  z.object({ type: z.literal('step.sent') }),
  z.object({ type: z.literal('upload.progressed'), sentBytes: z.number().nonnegative() }),
]);

const fromRun = z.discriminatedUnion('type', [
  /** Everything is loaded. */
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('done'), id, output: z.unknown().optional() }),
  z.object({ type: z.literal('failed'), id, failure: receivedFailure, detail: facts.optional() }),
  z.object({ type: z.literal('reported'), id, report }),
  z.object({ type: z.literal('logged'), level: z.enum(['warn', 'error']), text, facts }),
  z.object({ type: z.literal('guestLost'), reason: text }),
]);

/** What the process of a run says to the daemon. It works on hostile input: nothing is taken as it comes. */
export type FromRun = z.output<typeof fromRun>;
export type RunReport = z.output<typeof report>;
export type LogFacts = z.output<typeof facts>;

/** `undefined` for what no run says that is in its right mind. */
export const parseFromRun = (message: unknown): FromRun | undefined => fromRun.safeParse(message).data;

/** Whatever a step threw, as it travels. */
export function sentFailure(error: unknown): ReceivedFailure {
  const { code, summary, reason, nextStep, terminal, retryAfterMs } = toFailure(error);
  return {
    ...{ code, summary, reason, nextStep },
    ...(terminal && { terminal }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
