import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ArtifactStore } from './artifact-store.ts';
import { Faults } from './faults.ts';
import { handleRequest } from './http-api.ts';
import { Journal } from './journal.ts';
import { Judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import { httpListener, type Listener, upgradeListener } from './listeners.ts';
import type { EmbeddedHubOptions, WireMessage, WorkerEntry } from './types.ts';
import { WorkerLink } from './worker-link.ts';

/** What the hub's own WebSocket takes as one message. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** The two ports of a hub and what is behind them; journal, judge and faults outlive a restart. */
export class HubServer {
  readonly journal = new Journal();
  readonly judge = new Judge();
  readonly faults = new Faults();
  readonly store: ArtifactStore;
  readonly #options: EmbeddedHubOptions;
  readonly #links = new Set<WorkerLink>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  readonly #http: Listener;
  readonly #upgrades: Listener;
  #ledger: Ledger;

  constructor(options: EmbeddedHubOptions, directory: string) {
    const { host = '127.0.0.1', httpPort = 0, webSocketPort = 0 } = options;
    this.#options = options;
    this.store = new ArtifactStore(directory, options.artifactTtlMs);
    this.#ledger = this.#newLedger();
    this.#http = httpListener((request, response) => this.#answer(request, response), host, httpPort);
    this.#upgrades = upgradeListener((...upgrade) => this.#upgrade(...upgrade), host, webSocketPort);
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  get links(): ReadonlySet<WorkerLink> {
    return this.#links;
  }

  get httpUrl(): string {
    return `http://${this.#options.host ?? '127.0.0.1'}:${this.#http.port}`;
  }

  get webSocketUrl(): string {
    return `ws://${this.#options.host ?? '127.0.0.1'}:${this.#upgrades.port}/ws`;
  }

  async open(): Promise<void> {
    await this.#http.open();
    await this.#upgrades.open();
  }

  shut(): void {
    this.#http.shut();
    this.#upgrades.shut();
  }

  /** All that was in memory is lost, all connections break, the ports stay. */
  async restart(): Promise<void> {
    this.#ledger = this.#newLedger();
    this.store.forgetTickets();
    await this.stop();
    await this.open();
    this.journal.changed();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#http.stop(), this.#upgrades.stop()]);
  }

  relay(jobId: string, message: WireMessage): void {
    this.journal.relayed(jobId, message);
    for (const link of this.#links) link.relay(jobId, message);
  }

  #newLedger(): Ledger {
    return new Ledger({
      publicUrl: () => this.#publicUrl(),
      relay: (jobId, message) => this.relay(jobId, message),
      assigned: (jobId, token, worker) => this.#assigned(jobId, token, worker),
      artifactPath: (jobId) => this.store.get(jobId)?.path,
    });
  }

  #publicUrl(): string {
    return this.#options.publicUrl ?? this.httpUrl;
  }

  #assigned(jobId: string, token: string, worker: WorkerEntry): void {
    this.judge.assigned(jobId);
    this.journal.assigned({ jobId, token, workerName: worker.name });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const context = {
      ledger: () => this.#ledger,
      store: this.store,
      faults: this.faults,
      judge: this.judge,
      publicUrl: () => this.#publicUrl(),
      expectedVersion: this.#options.expectedVersion ?? '',
      relay: (jobId: string, message: WireMessage) => this.relay(jobId, message),
    };
    // a transfer that was broken off has no answer
    handleRequest(context, request, response).catch(() => response.destroy());
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#webSockets.handleUpgrade(request, socket, head, (opened) => {
      const hangUp = () => (socket as Socket).destroySoon();
      const link = new WorkerLink(opened, hangUp, {
        ledger: () => this.#ledger,
        judge: this.judge,
        workerSecret: this.#options.workerSecret ?? '',
        expectedVersion: this.#options.expectedVersion ?? '',
        relay: (jobId, message) => this.relay(jobId, message),
        changed: () => this.journal.changed(),
      });
      this.#links.add(link);
      opened.once('close', () => this.#links.delete(link));
    });
  }
}
