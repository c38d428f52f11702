import * as z from 'zod';
import type { Failure } from '../../../machines/contracts/failure.ts';
import { textsOf } from '../../../machines/contracts/wording.ts';
import { type FailureCode, failureCodes, ShipError } from '../../errors.ts';

const text = z.string().max(64 * 1024);
const sentences = { summary: text, reason: text, nextStep: text };

/** A failure as it travels: who must act and whether it may be repeated, the registry of codes says. */
export const receivedFailure = z.object({
  code: z.string().refine((code) => Object.hasOwn(failureCodes, code)),
  ...sentences,
  terminal: z.object(sentences).partial().optional(),
  retryAfterMs: z.number().nonnegative().max(86_400_000).optional(),
});

export type ReceivedFailure = z.output<typeof receivedFailure>;

/** As an error again, with what is for the operator's log alone. */
export function errorOfReceived(
  { code, retryAfterMs, terminal, ...said }: ReceivedFailure,
  detail: Readonly<Record<string, unknown>> = {},
): ShipError {
  const texts = textsOf({ ...said, ...(terminal && { terminal: defined(terminal) }) });
  return new ShipError(code as FailureCode, {
    ...texts,
    detail,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

export const failureOfReceived = (received: ReceivedFailure): Failure => errorOfReceived(received).failure;

const defined = <T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
