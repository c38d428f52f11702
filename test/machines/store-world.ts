import { type Chance, FaultyWorld, type Weather, weatherOf } from './faulty-world.ts';
import { failure } from './samples.ts';
import type { Call } from './stage.ts';

/** What chance has decided about one run before it begins. */
export interface StoreFate extends Weather {
  /** What processing finds. */
  readonly isGood: boolean;
  readonly processingMs: number;
  /** Apple answers what was true so long ago. */
  readonly lagMs: number;
  /** How long the addresses of the parts are good. */
  readonly addressMs: number;
  readonly crashAtMs: number | null;
  /** After a restart Apple does not know the upload of the time before. */
  readonly forgets: boolean;
  /** Another job has used the number of the build. */
  readonly isNumberTaken: boolean;
}

interface Upload {
  readonly id: string;
  committedAtMs: number | null;
  /** The number of the build was in use when the file came. */
  isDuplicate: boolean;
  /** Apple has said that it still waits for the file, or that it is there, since the last commit. */
  wasAskedFor: boolean;
}

interface ReservedFile {
  readonly id: string;
  readonly uploadId: string;
  readonly expiresAtMs: number;
  readonly arrived: Set<number>;
}

const MINUTE = 60_000;
/** More than any deadline. */
const NEVER = 100 * 60 * MINUTE;
const PARTS = [1, 2, 3, 4, 5];

export function storeFateOf(random: Chance): StoreFate {
  const weather = weatherOf(random);
  return {
    ...weather,
    isGood: random(4) > 0,
    processingMs: !weather.isMild && random(10) === 0 ? NEVER : random(30 * MINUTE),
    lagMs: random(3) === 0 ? random(8_000) : 0,
    addressMs: random(8) === 0 ? 4_000 + random(2 * MINUTE) : NEVER,
    crashAtMs: random(3) === 0 ? random(6 * MINUTE) : null,
    forgets: random(4) === 0,
    isNumberTaken: random(10) === 0,
  };
}

/** App Store Connect, the journal and the line between, on simulated time: everything is decided by one seed. */
export class StoreWorld extends FaultyWorld {
  readonly uploads: Upload[] = [];
  readonly #files: ReservedFile[] = [];
  readonly fate = storeFateOf(this.random);
  journalled: string | null = null;
  #forgotten = '';

  get weather(): Weather {
    return this.fate;
  }

  /** What became a build, be it good or not. */
  get builds(): readonly Upload[] {
    return this.uploads.filter(({ committedAtMs, isDuplicate }) => committedAtMs !== null && !isDuplicate);
  }

  /** A new life begins: Apple and the journal stay. */
  restart(): void {
    this.forgetWaits();
    if (this.fate.forgets) this.#forgotten = this.journalled ?? '';
  }

  stateOf(upload: Upload, atMs = this.nowMs): 'awaitingUpload' | 'processing' | 'complete' | 'failed' {
    const { committedAtMs, isDuplicate } = upload;
    if (committedAtMs === null || committedAtMs > atMs) return 'awaitingUpload';
    if (atMs < committedAtMs + this.fate.processingMs) return 'processing';
    return this.fate.isGood && !isDuplicate ? 'complete' : 'failed';
  }

  protected localFault(port: string): string | undefined {
    return port === 'recordUpload' ? 'INTERNAL_ERROR' : undefined;
  }

  protected questionOf({ port }: Call): string {
    return port;
  }

  protected serve(call: Call): () => void {
    switch (call.port) {
      case 'findApp':
        return () => call.answer('app');
      case 'reserveUpload':
        return this.#reserve(call);
      case 'recordUpload':
        this.journalled = call.input.uploadId;
        return () => call.answer();
      case 'reserveFile':
        return this.#reserveFile(call);
      case 'sendParts':
        return this.#send(call);
      case 'commitFile':
        return this.#commit(call);
      case 'askUpload':
        return this.#ask(call);
      default: {
        const own = this.builds.find(({ id }) => id === this.journalled);
        const state = own && this.stateOf(own);
        return () => call.answer(state === 'complete' ? 'valid' : state === 'processing' ? state : 'none');
      }
    }
  }

  /** A build that was refused leaves its number free. */
  get #isNumberInUse(): boolean {
    return this.fate.isNumberTaken || this.builds.some((build) => this.stateOf(build) !== 'failed');
  }

  /** As the port does: what is open is taken first. */
  #reserve(call: Call): () => void {
    const open = this.uploads.find(
      ({ id, committedAtMs }) => committedAtMs === null && id !== this.#forgotten,
    );
    if (!open && this.#isNumberInUse) return () => call.fail(failure('STORE_DUPLICATE'));
    const upload = open ?? {
      id: `upload-${this.uploads.length + 1}`,
      committedAtMs: null,
      isDuplicate: false,
      wasAskedFor: true,
    };
    if (!open) this.uploads.push(upload);
    return () => call.answer(upload.id);
  }

  #reserveFile(call: Call): () => void {
    const { uploadId } = call.input;
    if (this.journalled !== uploadId) this.wrongs.push('a file was reserved for what is not in the journal');
    const file = {
      id: `file-${this.#files.length + 1}`,
      uploadId,
      expiresAtMs: this.nowMs + this.fate.addressMs,
      arrived: new Set<number>(),
    };
    this.#files.push(file);
    return () => call.answer({ fileId: file.id, parts: PARTS });
  }

  /** Some parts arrive, some do not, and none under an address that is good no more. */
  #send(call: Call): () => void {
    const file = this.#files.at(-1);
    const hasExpired = file !== undefined && this.nowMs >= file.expiresAtMs;
    const isKind = this.weather.isMild && this.random(2) === 0;
    const missing = (call.input.parts as number[]).filter(
      () => hasExpired || (!isKind && this.random(100) < this.weather.faultPercent),
    );
    for (const part of PARTS)
      if (call.input.parts.includes(part) && !missing.includes(part)) file?.arrived.add(part);
    return () => call.answer({ missing, hasExpired, retryAfterMs: null });
  }

  #commit(call: Call): () => void {
    const file = this.#files.find(({ id }) => id === call.input.fileId);
    const upload = this.uploads.find(({ id }) => id === call.input.uploadId);
    if (!file || !upload || file.arrived.size < PARTS.length) {
      this.wrongs.push('a file was committed before all of it was sent');
      return () => call.fail(failure('APPLE_REFUSED'));
    }
    if (!upload.wasAskedFor) this.wrongs.push('a commit was repeated blindly');
    upload.wasAskedFor = false;
    if (upload.committedAtMs === null) {
      upload.isDuplicate = this.#isNumberInUse;
      upload.committedAtMs = this.nowMs;
    }
    return () => call.answer();
  }

  #ask(call: Call): () => void {
    const upload = this.uploads.find(({ id }) => id === call.input.uploadId);
    if (!upload || upload.id === this.#forgotten)
      return () => call.fail(failure('STORE_UPLOAD_UNKNOWN', true));
    const state = this.stateOf(upload, this.nowMs - this.fate.lagMs);
    const code = upload.isDuplicate ? 'STORE_DUPLICATE' : 'STORE_REJECTED';
    return () => {
      upload.wasAskedFor = true;
      call.answer({ state, remarks: [], failure: state === 'failed' ? failure(code) : null });
    };
  }
}
