import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { stoppable } from './stoppable.ts';

/** A stream of `node:zlib`; `bytesWritten` counts the input that it has taken. */
export type ZlibEngine = Transform & { readonly bytesWritten: number };

export interface ThroughZlibOptions {
  /** Ends the stream with its reason, even while the source is silent. */
  readonly signal: AbortSignal;
  /** Called at the regular end; throws when some of the source was not taken and that is an error. */
  readonly onEnd?: (tookAll: boolean) => void;
}

/**
 * Streams a source through zlib, which works on another thread while the caller deals with the last block. Errors
 * of the source come out unchanged; when the caller leaves early, source and engine are let go.
 */
export async function* throughZlib(
  source: AsyncIterable<Buffer>,
  engine: ZlibEngine,
  { signal, onEnd }: ThroughZlibOptions,
): AsyncGenerator<Buffer, void> {
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const feed = new Feed(source, engine, stop.signal);
  try {
    for await (const block of engine) yield block as Buffer;
    onEnd?.(feed.tookAll());
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop.abort();
    engine.destroy();
    await feed.ended;
  }
}

class Feed {
  /** Never rejects: an error ends the engine, and its reader gets it. */
  readonly ended: Promise<void>;
  private fedBytes = 0;
  private sourceEnded = false;
  private readonly engine: ZlibEngine;

  constructor(source: AsyncIterable<Buffer>, engine: ZlibEngine, signal: AbortSignal) {
    this.engine = engine;
    this.ended = this.run(source, signal).catch((error) => {
      engine.destroy(signal.aborted ? signal.reason : error);
    });
  }

  tookAll(): boolean {
    return this.sourceEnded && this.engine.bytesWritten === this.fedBytes;
  }

  private async run(source: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    for await (const chunk of stoppable(source, signal)) {
      this.fedBytes += chunk.length;
      if (!this.engine.write(chunk)) await once(this.engine, 'drain', { signal });
    }
    this.sourceEnded = true;
    this.engine.end();
  }
}
