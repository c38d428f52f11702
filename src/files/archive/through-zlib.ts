import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { stoppable } from './stoppable.ts';

/** A stream of `node:zlib`; `bytesWritten` counts the input that it has taken. */
export type ZlibEngine = Transform & { readonly bytesWritten: number };

export interface ThroughZlibOptions {
  /** Ends the stream with its reason, even while the source is silent. */
  readonly signal: AbortSignal;
  /**
   * Called at the regular end with what of the source was not taken; throws when that is an error. Zeros are what
   * programs fill the last block of a tape with.
   */
  readonly onEnd?: (left: 'nothing' | 'zeros' | 'data') => void;
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
    onEnd?.(await feed.left());
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
  /** Zeros at the end of what came so far. */
  private zeroBytes = 0;
  private failure: unknown;
  /** Aborted when the compressed data is over, whatever comes behind it. */
  private readonly over = new AbortController();
  private readonly engine: ZlibEngine;

  constructor(source: AsyncIterable<Buffer>, engine: ZlibEngine, signal: AbortSignal) {
    this.engine = engine;
    this.ended = this.run(source, signal).catch((error) => {
      this.failure = signal.aborted ? signal.reason : error;
      engine.destroy(this.failure as Error);
    });
  }

  /** To be asked when the engine has given everything: looks at the rest of the source. */
  async left(): Promise<'nothing' | 'zeros' | 'data'> {
    this.over.abort();
    await this.ended;
    if (this.failure !== undefined) throw this.failure;
    const leftBytes = this.fedBytes - this.engine.bytesWritten;
    if (leftBytes === 0) return 'nothing';
    return leftBytes <= this.zeroBytes ? 'zeros' : 'data';
  }

  private async run(source: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.over.signal]);
    for await (const chunk of stoppable(source, signal)) {
      this.count(chunk);
      if (stop.aborted || this.engine.write(chunk)) continue;
      await once(this.engine, 'drain', { signal: stop }).catch((error) => {
        if (!this.over.signal.aborted) throw error;
      });
    }
    if (!stop.aborted) this.engine.end();
  }

  private count(chunk: Buffer): void {
    const zeros = zerosAtEnd(chunk);
    this.fedBytes += chunk.length;
    this.zeroBytes = zeros === chunk.length ? this.zeroBytes + zeros : zeros;
  }
}

function zerosAtEnd(chunk: Buffer): number {
  let at = chunk.length;
  while (at > 0 && chunk[at - 1] === 0) at -= 1;
  return chunk.length - at;
}
