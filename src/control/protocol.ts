import * as z from 'zod';
import { MAX_REASON_LENGTH } from '../audit/chain-line.ts';
import { statusSchema } from '../observability/status.ts';

/**
 * One line of JSON each way, one question a connection: `{"request":"status"}` → `{"ok":true,…}`.
 * Who may connect is decided by the file system: the socket belongs to the daemon's user alone.
 */
export const MAX_REQUEST_BYTES = 16 * 1024;
/** 256 jobs that run, and as many that wait, at 1 KiB each are far below. */
export const MAX_REPLY_BYTES = 4 * 1024 * 1024;

export const requestSchema = z.discriminatedUnion('request', [
  z.object({ request: z.literal('status') }),
  /** Take no more jobs, finish what runs. */
  z.object({ request: z.literal('drain') }),
  /** Take no jobs as long as this connection lasts: it is not closed after the answer. */
  z.object({ request: z.literal('yield') }),
  /** Take no jobs until `resume`, finish what runs, and stay. */
  z.object({ request: z.literal('pause') }),
  z.object({ request: z.literal('resume') }),
  /** Cancel what runs and end. */
  z.object({ request: z.literal('shutdown') }),
  /** A job by its name, or by the first letters of it. */
  z.object({ request: z.literal('cancel'), jobId: z.string().min(1).max(256) }),
  /** A person knows what is wrong with the account of signatures, and says so in it. */
  z.object({
    request: z.literal('acknowledge'),
    breaksId: z.string().max(64),
    reason: z.string().min(1).max(MAX_REASON_LENGTH),
    by: z.string().max(300),
  }),
]);
export type ControlRequest = z.output<typeof requestSchema>;
export type AcknowledgeRequest = Extract<ControlRequest, { request: 'acknowledge' }>;
/** What the supervisor is asked or told. */
export type WishRequest = Exclude<ControlRequest, AcknowledgeRequest>;

const saidSchema = z.object({
  ok: z.literal(true),
  status: statusSchema,
  /** Of the job that a request was about, in full. */
  jobId: z.string().optional(),
});
const refusedSchema = z.object({
  ok: z.literal(false),
  failure: z.object({
    code: z.enum([
      'JOB_UNKNOWN',
      'JOB_AMBIGUOUS',
      'BREAKS_UNKNOWN',
      'DAEMON_ENDING',
      'PAUSE_NOT_KEPT',
      'CONTROL_REQUEST_INVALID',
      'INTERNAL_ERROR',
    ]),
    summary: z.string(),
    reason: z.string(),
    nextStep: z.string(),
  }),
});
export const replySchema = z.discriminatedUnion('ok', [saidSchema, refusedSchema]);
export type ControlReply = z.output<typeof replySchema>;

export const encodeLine = (message: ControlRequest | ControlReply): string => `${JSON.stringify(message)}\n`;

/** @throws SyntaxError | ZodError */
export const decodeRequest = (line: string): ControlRequest => requestSchema.parse(JSON.parse(line));
/** @throws SyntaxError | ZodError */
export const decodeReply = (line: string): ControlReply => replySchema.parse(JSON.parse(line));
