/** What every notarization ticket that Apple's service has given out begins with. */
const TICKET_MAGIC = 's8ch';

export const TICKET_MAGIC_BYTES = TICKET_MAGIC.length;

/** Whether bytes that stand where a ticket belongs begin as one. Only Apple's tools can tell whether it holds. */
export const looksLikeTicket = (bytes: Buffer): boolean =>
  bytes.toString('latin1', 0, TICKET_MAGIC_BYTES) === TICKET_MAGIC;
