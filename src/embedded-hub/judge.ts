import type { IncomingHttpHeaders } from 'node:http';
import type { WireMessage, WorkerEntry } from './types.ts';

interface JobRecord {
  isCompleted: boolean;
  errors: number;
  hasResult: boolean;
}

const MAX_FRAME_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 2 * 1024;
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isString = (value: unknown): boolean => typeof value === 'string';
const isPercent = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100;

/** Fields that clients of a hub parse strictly; a message with a wrong one is lost to the user. */
const requiredFields: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  stage: { stage: isString, message: isString },
  log: { stage: isString, line: isString, stream: (value) => value === 'stdout' || value === 'stderr' },
  progress: { stage: isString, percent: isPercent },
  published: { platform: isString, message: isString },
  queue_update: { position: (value) => Number.isInteger(value) && Number(value) >= 0 },
  error: { code: isString, message: isString },
  complete: {
    success: (value) => typeof value === 'boolean',
    duration_secs: isNumber,
    artifacts: Array.isArray,
  },
  update_result: {
    success: (value) => typeof value === 'boolean',
    old_version: isString,
    new_version: isString,
  },
};

/**
 * Writes down what a worker does that a real hub silently tolerates and somebody pays for later. The hub's
 * behaviour does not depend on it.
 */
export class Judge {
  readonly violations: string[] = [];
  readonly #jobs = new Map<string, JobRecord>();

  assigned(jobId: string): void {
    const hasResult = this.#jobs.get(jobId)?.hasResult ?? false;
    this.#jobs.set(jobId, { isCompleted: false, errors: 0, hasResult });
  }

  frame(text: string, isBinary: boolean): void {
    if (isBinary) this.#note('binary frame');
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes > MAX_FRAME_BYTES) this.#note(`frame of ${sizeBytes} bytes`);
  }

  notJson(): void {
    this.#note('frame that is not a JSON object');
  }

  notHello(type: unknown): void {
    this.#note(`first frame is ${String(type)}, not worker_hello`);
  }

  message(message: WireMessage, sender: Pick<WorkerEntry, 'capabilities'>): void {
    const { type, job_id: jobId } = message;
    this.#fields(message);
    if (type === 'update_result') return;
    if (typeof jobId === 'string' && jobId !== '' && type === 'complete' && message.needs_finishing)
      this.#handedBack(jobId, sender);
    else if (typeof jobId === 'string' && jobId !== '') this.#jobMessage(message, jobId);
    else this.#note(`${type} without job_id`);
  }

  /** The sender of the job hears two workers at once, or the wrong one. */
  foreign({ type }: WireMessage, jobId: string): void {
    this.#note(`${type} about a job that waits or that another worker has (${jobId})`);
  }

  #fields(message: WireMessage): void {
    const fields = requiredFields[message.type];
    if (!fields) this.#note(`message of type ${message.type}`);
    for (const [field, isRight] of Object.entries(fields ?? {})) {
      if (!isRight(message[field]))
        this.#note(`${message.type}: ${field} is ${JSON.stringify(message[field])}`);
    }
  }

  #jobMessage(message: WireMessage, jobId: string): void {
    const record = this.#jobs.get(jobId);
    if (message.type === 'log') this.#line(String(message.line));
    if (message.type === 'published' && record) record.hasResult = true;
    if (message.type === 'error') this.#error(record, jobId);
    else if (message.type === 'complete') this.#complete(message, record, jobId);
    else if (record?.isCompleted) this.#note(`${message.type} after complete (${jobId})`);
  }

  #line(line: string): void {
    if (Buffer.byteLength(line) > MAX_LINE_BYTES) this.#note('log line of more than 2 KiB');
    if (/\p{Cc}/u.test(line)) this.#note('log line with control characters');
  }

  #error(record: JobRecord | undefined, jobId: string): void {
    if (!record) return;
    record.errors += 1;
    if (record.isCompleted) this.#note(`error after complete (${jobId})`);
    if (record.errors > 1) this.#note(`more than one error (${jobId})`);
  }

  #complete(message: WireMessage, record: JobRecord | undefined, jobId: string): void {
    if (!record) return;
    if (record.isCompleted) this.#note(`complete twice (${jobId})`);
    if (message.success === true && !record.hasResult) this.#note(`success without a result (${jobId})`);
    record.isCompleted = true;
  }

  /** It is dispatched again at once, in the worst case to its sender; an artifact would be taken for its bundle. */
  #handedBack(jobId: string, { capabilities }: Pick<WorkerEntry, 'capabilities'>): void {
    const { isCompleted, hasResult } = this.#jobs.get(jobId) ?? {};
    if (capabilities.length > 0) this.#note(`handed back by a worker that takes jobs (${jobId})`);
    if (hasResult) this.#note(`handed back with a result (${jobId})`);
    if (isCompleted) this.#note(`handed back after complete (${jobId})`);
  }

  /** Called for every upload, before the hub looks at the token. */
  upload(jobId: string, headers: IncomingHttpHeaders): void {
    if (this.#jobs.get(jobId)?.isCompleted) this.#note(`upload after complete (${jobId})`);
    const forms: ReadonlyArray<readonly [string, RegExp]> = [
      ['authorization', /^Bearer \S+$/],
      ['content-type', /^text\/plain$/],
      ['content-length', /^[1-9]\d*$/],
      ['x-artifact-name', /^[A-Za-z0-9._-]+$/],
      ['x-artifact-sha256', /^[0-9a-f]{64}$/],
      ['x-artifact-target', /^(macos|ios)-sign$/],
    ];
    for (const [name, form] of forms) {
      const value = headers[name];
      if (typeof value !== 'string' || !form.test(value)) this.#note(`upload: header ${name} has a bad form`);
    }
    if (Number(headers['content-length']) % 4 !== 0) this.#note('upload: length is not that of base64');
  }

  /** Called when a whole upload was read. */
  uploaded(jobId: string, facts: { isBase64: boolean; isDigestRight: boolean }): void {
    if (!facts.isBase64) this.#note(`upload: body is not base64 (${jobId})`);
    if (!facts.isDigestRight) this.#note(`upload: x-artifact-sha256 is not that of the body (${jobId})`);
    const record = this.#jobs.get(jobId);
    if (record) record.hasResult = true;
  }

  #note(violation: string): void {
    this.violations.push(violation);
  }
}
