import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ArtifactStore } from './artifact-store.ts';
import type { Faults } from './faults.ts';
import type { Judge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import type { WireMessage } from './types.ts';

/** What the routes work on. */
export interface HttpContext {
  /** Asked each time, because a restarted hub has a new one. */
  readonly ledger: () => Ledger;
  readonly store: ArtifactStore;
  readonly faults: Faults;
  readonly judge: Judge;
  readonly publicUrl: () => string;
  readonly expectedVersion: string;
  readonly relay: (jobId: string, message: WireMessage) => void;
}

export type Handler = (
  context: HttpContext,
  /** What the path names: a job or a ticket. */
  key: string,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/** One token for a job, that of its last assignment. */
export function holdsToken(context: HttpContext, jobId: string, request: IncomingMessage): boolean {
  const token = context.ledger().tokens.get(jobId);
  return token !== undefined && request.headers.authorization === `Bearer ${token}`;
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The hub's own errors. */
export function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  answerJson(response, status, { error: { code, message } });
}

/** Errors of the layer below the hub, or of a proxy: no JSON. */
export function answerText(response: ServerResponse, status: number): void {
  const text = status === 503 ? 'Server unavailable' : 'Handler error';
  const location = status >= 300 && status < 400 ? { location: 'http://127.0.0.1:9/' } : {};
  response.writeHead(status, { 'content-type': 'text/plain', ...location }).end(text);
}
