/** What a frame is like, before anything of it is built. */
export interface FrameSurvey {
  readonly sizeBytes: number;
  /** At least as many values are in it; the count ends when it is too high and all texts are found. */
  readonly values: number;
  readonly depth: number;
  /** Of the outermost object; undefined when it has none that is a text. */
  readonly type: string | undefined;
  readonly jobId: string | undefined;
  /** Secret. */
  readonly authToken: string | undefined;
  readonly artifactUploadUrl: string | undefined;
}

/** Three certificates and a profile of 1 MiB each in base64, and what the project says of itself. */
const MAX_ASSIGNMENT_BYTES = 8 * 1024 * 1024;
/** Everything else that the hub says is short. */
const MAX_OTHER_BYTES = 64 * 1024;
/** An assignment has some hundred values, in lists and objects of two levels. */
const MAX_VALUES = 10_000;
const MAX_DEPTH = 32;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Of the texts that are read; longer ones are neither types nor ids. */
const MAX_READ_BYTES = 2_048;

/**
 * Walks over the bytes of one JSON text, once, and builds nothing: a frame that is too large, too long or too deep can
 * still be answered by its `job_id`. Of what is no JSON the answer means nothing.
 */
export function surveyFrame(frame: Buffer): FrameSurvey {
  const found = new Map<string, string>();
  let [depth, deepest, values] = [0, 0, 1];
  let key: string | undefined;
  const isTooLarge = frame.length > MAX_ASSIGNMENT_BYTES;
  const isDone = () =>
    found.size === KEYS.length && (isTooLarge || values > MAX_VALUES || deepest > MAX_DEPTH);
  for (let at = 0; at < frame.length && !isDone(); at += 1) {
    const byte = frame[at];
    if (byte === QUOTE) {
      const end = endOfText(frame, at);
      if (depth === 1) key = noteText(frame.subarray(at, end + 1), key, isKey(frame, end), found);
      at = end;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      values += 1;
      deepest = Math.max(deepest, depth);
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    else if (byte === COMMA) values += 1;
  }
  const [type, jobId, authToken, artifactUploadUrl] = NAMES.map((name) => found.get(name));
  return { sizeBytes: frame.length, values, depth: deepest, type, jobId, authToken, artifactUploadUrl };
}

const NAMES = ['type', 'job_id', 'auth_token', 'artifact_upload_url'];
/** Of the longest name, with each letter as `\u0061`. */
const MAX_KEY_BYTES = 128;
const KEYS = NAMES.map((key) => ({ key, bytes: Buffer.from(JSON.stringify(key)) }));

/** Where the text that begins at `start` has its closing quote. */
function endOfText(frame: Buffer, start: number): number {
  for (let end = frame.indexOf(QUOTE, start + 1); end >= 0; end = frame.indexOf(QUOTE, end + 1)) {
    let first = end;
    while (frame[first - 1] === BACKSLASH) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
  return frame.length;
}

function isKey(frame: Buffer, end: number): boolean {
  let next = end + 1;
  while (next < frame.length && (frame[next] as number) <= 0x20) next += 1;
  return frame[next] === COLON;
}

/** Answers with the key whose value comes next, when it is one of ours. What it had before counts no more, as in JSON. */
function noteText(
  bytes: Buffer,
  key: string | undefined,
  isNextKey: boolean,
  found: Map<string, string>,
): string | undefined {
  if (isNextKey) {
    const name = nameOf(bytes);
    if (name !== undefined) found.delete(name);
    return name;
  }
  const text = key === undefined || bytes.length > MAX_READ_BYTES ? undefined : textOf(bytes);
  if (key !== undefined && text !== undefined) found.set(key, text);
  return undefined;
}

/** A letter of a key may be written as its number. */
function nameOf(bytes: Buffer): string | undefined {
  if (bytes.length > MAX_KEY_BYTES || !bytes.includes(BACKSLASH))
    return KEYS.find(({ bytes: name }) => name.equals(bytes))?.key;
  const text = textOf(bytes);
  return NAMES.find((name) => name === text);
}

function textOf(bytes: Buffer): string | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Why a frame is not read, as one sentence; undefined for one that may be. */
export function excessOf({ sizeBytes, values, depth, type }: FrameSurvey): string | undefined {
  const mostBytes = type === 'job_assign' ? MAX_ASSIGNMENT_BYTES : MAX_OTHER_BYTES;
  if (sizeBytes > mostBytes) return `It has ${sizeBytes} bytes, and at most ${mostBytes} are read.`;
  if (values > MAX_VALUES) return `It has more than ${MAX_VALUES} values in its lists and objects.`;
  if (depth > MAX_DEPTH) return `Its lists and objects lie in each other more than ${MAX_DEPTH} deep.`;
  return undefined;
}
