import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiAuth, type KnownApiKey } from './api-auth.ts';
import { type Route, type SeenRequest, type SimulatorContext, startCore } from './core.ts';
import { type Chaos, Faults } from './faults.ts';
import { type NotaryOptions, NotaryService, type Submission } from './notary.ts';
import { s3Routes } from './s3.ts';
import { TICKET_PATH, TicketService } from './tickets.ts';

export interface AppleSimulatorOptions {
  readonly apiKeys: readonly KnownApiKey[];
  readonly notary?: NotaryOptions;
  /** Look-ups of a granted ticket that still find nothing; Infinity: it never comes. 0 when left out. */
  readonly lateTickets?: number;
  readonly chaos?: Chaos;
  /** Further services, e.g. App Store Connect. */
  readonly services?: readonly ((context: SimulatorContext, auth: ApiAuth) => readonly Route[])[];
}

/** Apple's services in this process, with the documented shapes and texts; loopback only. */
export interface AppleSimulator {
  readonly url: string;
  /** The settings of a daemon that is to speak with it. */
  readonly env: Readonly<Record<string, string>>;
  readonly faults: Faults;
  readonly auth: ApiAuth;
  readonly tickets: TicketService;
  readonly submissions: readonly Submission[];
  readonly requests: readonly SeenRequest[];
  /** What clients did that Apple would not take, or would wonder about. */
  readonly violations: readonly string[];
  stop(): Promise<void>;
}

export async function startAppleSimulator(options: AppleSimulatorOptions): Promise<AppleSimulator> {
  const directory = await mkdtemp(join(tmpdir(), 'perry-apple-'));
  const violations: string[] = [];
  const place = { url: '' };
  const context: SimulatorContext = { baseUrl: () => place.url, directory, violations };
  const auth = new ApiAuth(options.apiKeys);
  const tickets = new TicketService(options.lateTickets ?? 0);
  const notary = new NotaryService(context, auth, options.notary ?? {}, ({ contents }) => {
    for (const { digestAlgorithm, cdhash } of contents)
      tickets.grant(`2/${digestAlgorithm === 'SHA-1' ? 1 : 2}/${cdhash}`);
  });
  const routes = [
    ...notary.routes,
    ...s3Routes({ context, grantOf: notary.grantOf, onStored: notary.onStored }),
    ...tickets.routes,
    ...(options.services ?? []).flatMap((service) => service(context, auth)),
  ];
  const core = await startCore(() => routes, new Faults(options.chaos));
  place.url = core.url;
  return {
    ...{ url: core.url, faults: core.faults, auth, tickets, violations },
    submissions: notary.submissions,
    requests: core.requests,
    env: {
      PERRY_NOTARY_URL: `${core.url}/notary/v2`,
      PERRY_NOTARY_S3_URL: `${core.url}/s3`,
      PERRY_TICKET_URL: `${core.url}${TICKET_PATH}`,
      PERRY_APP_STORE_CONNECT_URL: core.url,
    },
    stop: async () => {
      await core.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
