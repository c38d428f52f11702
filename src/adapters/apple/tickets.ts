import { ShipError } from '../../errors.ts';
import { type AppleCall, askApple, invalidAnswer, refusal } from './apple-http.ts';

const SERVICE = "Apple's ticket service";
/** Real tickets have a few KiB to some hundred for apps with much code in them. */
const MAX_TICKET_BYTES = 8 * 1024 * 1024;
const MAX_ANSWER_BYTES = 12 * 1024 * 1024;
const MAX_RETRY_AFTER_S = 15 * 60;

/**
 * Looks a notarization ticket up. Anybody may ask; a ticket appears seconds to minutes after the verdict.
 *
 * @param url - the whole address of the look-up
 * @param recordName - as `imageRecordName` or `codeRecordName` gives it, e.g. `2/2/<40 hex digits>`
 * @returns the ticket; those known begin with `s8ch`
 * @throws ShipError TICKET_NOT_FOUND (ask again for some minutes) · APPLE_UNAVAILABLE (retry) · APPLE_REFUSED ·
 * APPLE_ANSWER_INVALID
 */
export async function lookupTicket(url: URL, recordName: string, signal: AbortSignal): Promise<Buffer> {
  const call: AppleCall = {
    what: 'The look-up of the notarization ticket',
    service: SERVICE,
    method: 'POST',
    url,
    json: { records: [{ recordName }] },
    signal,
    maxBytes: MAX_ANSWER_BYTES,
  };
  const answer = await askApple(call);
  const record = recordIn(answer.json, recordName);
  if (record?.serverErrorCode !== undefined) throw serverError(record, recordName);
  // a service that knows no such record may say so by its status alone
  if (answer.status === 404) throw notFound(recordName, addressUnknown(url));
  if (answer.status !== 200) throw refusal(call, answer);
  if (!record) throw invalidAnswer(call, 'is no record of the name that was asked for');
  return ticketIn(call, record);
}

interface TicketRecord {
  readonly recordName?: unknown;
  readonly serverErrorCode?: unknown;
  readonly retryAfter?: unknown;
  readonly deleted?: unknown;
  readonly fields?: { readonly signedTicket?: { readonly value?: unknown; readonly type?: unknown } };
}

/** The record, or the error that stands in its place or in place of the whole answer. */
function recordIn(json: unknown, recordName: string): TicketRecord | undefined {
  const answer = (json ?? {}) as TicketRecord & { records?: unknown };
  if (!Array.isArray(answer.records)) return answer.serverErrorCode === undefined ? undefined : answer;
  return (
    (answer.records as (TicketRecord | null)[]).find((record) => record?.recordName === recordName) ??
    undefined
  );
}

/** @see https://developer.apple.com/documentation/cloudkitjs (server error codes of CloudKit Web Services) */
function serverError({ serverErrorCode, retryAfter }: TicketRecord, recordName: string): ShipError {
  const code = String(serverErrorCode).slice(0, 60);
  if (code === 'NOT_FOUND') return notFound(recordName);
  const isNumber = typeof retryAfter === 'number' && retryAfter >= 0;
  return new ShipError('APPLE_UNAVAILABLE', {
    summary: 'The look-up of the notarization ticket failed for now.',
    reason: `${SERVICE} answered ${code}.`,
    nextStep: 'Try again in a few minutes.',
    ...(isNumber && { retryAfterMs: Math.min(retryAfter, MAX_RETRY_AFTER_S) * 1000 }),
  });
}

const addressUnknown = ({ host }: URL): string =>
  `${host} answered with HTTP status 404: the ticket is not there yet, or PERRY_TICKET_URL is set to another address than that of the look-up.`;

const notFound = (recordName: string, reason = 'It answered NOT_FOUND.'): ShipError =>
  new ShipError('TICKET_NOT_FOUND', {
    summary: `Apple's ticket service has no ticket for ${recordName} yet.`,
    reason,
    nextStep: {
      hub: 'Try again in a few minutes.',
      terminal:
        'Run the command again in a few minutes; what was never notarized has no ticket, and is sent by `perry-ship notarize`.',
    },
  });

function ticketIn(call: AppleCall, { fields, deleted }: TicketRecord): Buffer {
  const { value, type } = fields?.signedTicket ?? {};
  const isUsable = typeof value === 'string' && (type === 'BYTES' || type === undefined) && deleted !== true;
  const ticket = isUsable ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  if (ticket.length > 0 && ticket.length <= MAX_TICKET_BYTES) return ticket;
  throw invalidAnswer(call, 'is no ticket');
}
