import type { Answer, Exchange, Route } from './core.ts';

export const TICKET_PATH = '/database/1/com.apple.gk.ticket-delivery/production/public/records/lookup';

/** The public database of tickets, as CloudKit Web Services shows it. */
export class TicketService {
  readonly #granted = new Map<string, Buffer>();
  readonly #misses = new Map<string, number>();
  readonly #lateLookups: number;

  /** @param lateLookups - look-ups of a granted ticket that still find nothing; Infinity: it never comes */
  constructor(lateLookups: number) {
    this.#lateLookups = lateLookups;
  }

  /** Publishes a ticket, e.g. under `2/2/<cdhash>`. */
  grant(recordName: string): void {
    this.#granted.set(recordName, ticketFor(recordName));
  }

  ticket(recordName: string): Buffer | undefined {
    return this.#granted.get(recordName);
  }

  get routes(): readonly Route[] {
    return [
      {
        name: 'ticket',
        method: 'POST',
        path: new RegExp(`^${TICKET_PATH}$`),
        ownFaults: ['throttled'],
        handle: (exchange) => this.#lookup(exchange),
      },
    ];
  }

  async #lookup(exchange: Exchange): Promise<Answer> {
    const { records } = ((await exchange.readJson()) ?? {}) as { records?: { recordName?: unknown }[] };
    if (!Array.isArray(records))
      return {
        status: 400,
        json: { uuid: '0', serverErrorCode: 'BAD_REQUEST', reason: 'missing required field' },
      };
    const found = records.map(({ recordName }) =>
      exchange.fault === 'throttled'
        ? { recordName, reason: 'Request throttled', serverErrorCode: 'THROTTLED', retryAfter: 1 }
        : this.#record(String(recordName)),
    );
    return { status: 200, json: { records: found } };
  }

  #record(recordName: string): object {
    const ticket = this.#granted.get(recordName);
    const misses = this.#misses.get(recordName) ?? 0;
    this.#misses.set(recordName, misses + 1);
    if (!ticket || misses < this.#lateLookups)
      return { recordName, reason: 'Record not found', serverErrorCode: 'NOT_FOUND' };
    const event = { timestamp: 1_767_225_600_000, userRecordName: '_simulated', deviceID: '1' };
    return {
      recordName,
      recordType: 'DeveloperIDTicket',
      fields: { signedTicket: { value: ticket.toString('base64'), type: 'BYTES' } },
      pluginFields: {},
      recordChangeTag: 'simulated',
      created: event,
      modified: event,
      deleted: false,
    };
  }
}

const ticketFor = (recordName: string): Buffer =>
  Buffer.concat([
    Buffer.from('s8ch', 'latin1'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from(recordName),
    Buffer.alloc(900, 7),
  ]);
