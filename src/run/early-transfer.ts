import type { GuestSession } from '../adapters/guest/guest.ts';
import { putTar } from '../adapters/guest/transfer.ts';
import { TreeFeed } from '../adapters/guest/tree-feed.ts';
import type { WriteWatch, WrittenItem } from '../files/archive/write-watch.ts';

/** The app at the top of an archive, or in `Payload`: all that goes into the guest. */
const APP = /^((?:Payload\/)?[^/]+\.app)(?:\/|$)/i;

export interface EarlyTransferOptions {
  /** The folder that the archive is unpacked into. */
  readonly sourceDir: string;
  /** The machine of the run, once it takes commands. */
  readonly guest: () => GuestSession | undefined;
  /** Makes the folder in the guest that the app is put into, and says its path. */
  readonly folder: (session: GuestSession, signal: AbortSignal) => Promise<string>;
}

/** What has come into the guest. */
export interface EarlyCopy {
  readonly remoteDir: string;
  /** By path relative to the app. */
  readonly sent: ReadonlyMap<string, WrittenItem>;
}

/**
 * Sends the app into the guest while it is being unpacked, from the moment when the machine takes commands: most of
 * the transfer is over when the bundle has been examined. It is a help, never a condition: when it does not work out,
 * the bundle is sent afterwards as a whole, and what is wrong with the machine is said then. What the archive holds
 * has not been judged as a whole yet; a refusal ends the machine.
 */
export class EarlyTransfer implements WriteWatch {
  readonly #options: EarlyTransferOptions;
  readonly #stop = new AbortController();
  readonly #feed: TreeFeed;
  #app: string | undefined;
  #copy: Promise<EarlyCopy | undefined> | undefined;

  constructor(options: EarlyTransferOptions) {
    this.#options = options;
    this.#feed = new TreeFeed(options.sourceDir, this.#stop.signal);
  }

  /** Path of the app below the folder of the archive; of several the first one. */
  get app(): string | undefined {
    return this.#app;
  }

  onItem(item: WrittenItem, content?: readonly Buffer[]): void {
    const [, app] = APP.exec(item.path) ?? [];
    if (app === undefined) return;
    this.#app ??= app;
    if (app !== this.#app || item.path === app) return;
    this.#feed.add(item.path.slice(app.length + 1), item, content);
    this.#begin();
  }

  onGrown(): void {
    this.#feed.grown();
  }

  /** Everything has been unpacked. */
  end(): void {
    this.#feed.end();
    this.#begin();
  }

  /** Gives it up. */
  stop(): void {
    this.#stop.abort(new Error('The early transfer is not wanted any more.'));
  }

  /** What has come into the guest, all of it; undefined when nothing can be said of it. @throws the signal's reason */
  async copy(signal: AbortSignal): Promise<EarlyCopy | undefined> {
    const onAbort = () => this.stop();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const copy = await this.#copy;
      signal.throwIfAborted();
      return copy;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #begin(): void {
    if (this.#copy || this.#app === undefined || this.#stop.signal.aborted) return;
    const session = this.#options.guest();
    if (session) this.#copy = this.#send(session).catch(() => undefined);
  }

  async #send(session: GuestSession): Promise<EarlyCopy> {
    const { signal } = this.#stop;
    const remoteDir = `${await this.#options.folder(session, signal)}/app`;
    await putTar(session, { tar: this.#feed.tar(), remoteDir, signal });
    return { remoteDir, sent: this.#feed.sent };
  }
}
