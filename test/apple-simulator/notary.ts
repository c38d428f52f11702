import { randomBytes, randomUUID } from 'node:crypto';
import type { ApiAuth } from './api-auth.ts';
import { type Answer, type Exchange, type Route, type SimulatorContext, unauthorized } from './core.ts';
import { type Examined, examine, type Rules } from './inspect-upload.ts';
import type { Grant, StoredObject } from './s3.ts';

export type AppleStatus = 'In Progress' | 'Accepted' | 'Invalid' | 'Rejected';

export interface Submission {
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly createdDate: string;
  readonly grant: Grant;
  status: AppleStatus;
  /** Times that its file was stored. */
  uploads: number;
  stored?: StoredObject;
  examined?: Examined;
  /** Questions that are still answered with "In Progress". */
  pollsLeft: number;
  logsMissed: number;
}

export interface NotaryOptions {
  /** Questions after the upload that are answered with "In Progress"; 1 when left out. */
  readonly pollsBeforeVerdict?: number;
  /** Questions for the log after the verdict that are answered with 404; 0 when left out. */
  readonly lateLogs?: number;
  /** Takes the place of the look into the file; nothing: as the look says. */
  readonly verdict?: (submission: Submission) => 'Accepted' | 'Invalid' | 'Rejected' | undefined;
  /** `requireTimestamp` is on when left out. */
  readonly rules?: Partial<Rules>;
}

const BUCKET = 'notary-submissions-prod';

/** The notary service, version 2. */
export class NotaryService {
  readonly submissions: Submission[] = [];
  readonly #context: SimulatorContext;
  readonly #auth: ApiAuth;
  readonly #options: NotaryOptions;
  readonly #onAccepted: (examined: Examined) => void;

  constructor(
    context: SimulatorContext,
    auth: ApiAuth,
    options: NotaryOptions,
    onAccepted: (examined: Examined) => void,
  ) {
    this.#context = context;
    this.#auth = auth;
    this.#options = options;
    this.#onAccepted = onAccepted;
  }

  readonly grantOf = (accessKeyId: string): Grant | undefined =>
    this.submissions.find(({ grant }) => grant.accessKeyId === accessKeyId)?.grant;

  /** The file has arrived: from now on it is being checked. */
  readonly onStored = async (grant: Grant, stored: StoredObject): Promise<void> => {
    const submission = this.submissions.find((each) => each.grant === grant);
    if (!submission) return;
    submission.uploads += 1;
    if (submission.uploads > 1) return;
    submission.stored = stored;
    const rules = { requireTimestamp: true, ...this.#options.rules };
    submission.examined = await examine(stored.path, submission.name, this.#context.directory, rules);
    const twins = this.submissions.filter((each) => each.sha256 === submission.sha256 && each.uploads > 0);
    if (twins.length > 1) this.#context.violations.push(`notary: ${submission.name} was submitted twice`);
  };

  get routes(): readonly Route[] {
    const base = '^/notary/v2/submissions';
    const authorized = (handle: (exchange: Exchange) => Promise<Answer>) => async (exchange: Exchange) =>
      this.#auth.objection(exchange.request) === undefined ? handle(exchange) : unauthorized;
    return [
      {
        name: 'submit',
        method: 'POST',
        path: new RegExp(`${base}$`),
        handle: authorized((e) => this.#submit(e)),
      },
      { name: 'list', method: 'GET', path: new RegExp(`${base}$`), handle: authorized(() => this.#list()) },
      {
        name: 'status',
        method: 'GET',
        path: new RegExp(`${base}/([^/]+)$`),
        handle: authorized((e) => this.#status(e)),
      },
      {
        name: 'log',
        method: 'GET',
        path: new RegExp(`${base}/([^/]+)/logs$`),
        handle: authorized((e) => this.#log(e)),
      },
      { name: 'logFile', method: 'GET', path: /^\/logs\/([^/]+)$/, handle: (e) => this.#logFile(e) },
    ];
  }

  async #submit(exchange: Exchange): Promise<Answer> {
    const { sha256, submissionName } = ((await exchange.readJson()) ?? {}) as Record<string, unknown>;
    if (!/^[0-9a-f]{64}$/.test(String(sha256)) || typeof submissionName !== 'string' || submissionName === '')
      return invalidParameter("The 'sha256' or 'submissionName' is missing or malformed.");
    const id = randomUUID();
    const submission: Submission = {
      id,
      name: submissionName,
      sha256: String(sha256),
      createdDate: new Date().toISOString(),
      grant: grantFor(id),
      status: 'In Progress',
      uploads: 0,
      pollsLeft: this.#options.pollsBeforeVerdict ?? 1,
      logsMissed: 0,
    };
    this.submissions.push(submission);
    const { accessKeyId, secretAccessKey, sessionToken, bucket, object } = submission.grant;
    const attributes = {
      awsAccessKeyId: accessKeyId,
      awsSecretAccessKey: secretAccessKey,
      awsSessionToken: sessionToken,
      bucket,
      object,
    };
    return { status: 200, json: { data: { type: 'newSubmissions', id, attributes }, meta: {} } };
  }

  async #list(): Promise<Answer> {
    const newest = this.submissions.slice(-100).toReversed();
    return { status: 200, json: { data: newest.map(dataOf), meta: {} } };
  }

  async #status({ groups }: Exchange): Promise<Answer> {
    const submission = this.submissions.find(({ id }) => id === groups[0]);
    if (!submission) return missing('submissions', groups[0]);
    if (submission.examined && submission.status === 'In Progress')
      this.#advance(submission, submission.examined);
    return { status: 200, json: { data: dataOf(submission), meta: {} } };
  }

  #advance(submission: Submission, examined: Examined): void {
    submission.pollsLeft -= 1;
    if (submission.pollsLeft >= 0) return;
    const isTrue = submission.stored?.sha256Hex === submission.sha256;
    const found = examined.issues.length === 0 && isTrue ? 'Accepted' : 'Invalid';
    submission.status = this.#options.verdict?.(submission) ?? found;
    if (submission.status === 'Accepted') this.#onAccepted(examined);
  }

  async #log({ groups }: Exchange): Promise<Answer> {
    const submission = this.submissions.find(({ id }) => id === groups[0]);
    if (!submission || submission.status === 'In Progress') return missing('submissionsLog', groups[0]);
    submission.logsMissed += 1;
    if (submission.logsMissed <= (this.#options.lateLogs ?? 0)) return missing('submissionsLog', groups[0]);
    const url = `${this.#context.baseUrl()}/logs/${submission.id}?X-Amz-Signature=${submission.grant.accessKeyId}`;
    const data = { type: 'submissionsLog', id: submission.id, attributes: { developerLogUrl: url } };
    return { status: 200, json: { data, meta: {} } };
  }

  async #logFile({ groups, query, request }: Exchange): Promise<Answer> {
    const submission = this.submissions.find(({ id }) => id === groups[0]);
    if (!submission || query.get('X-Amz-Signature') !== submission.grant.accessKeyId)
      return { status: 403, text: '<Error><Code>AccessDenied</Code></Error>' };
    if (request.headers.authorization !== undefined)
      this.#context.violations.push('notary: a token was sent to the storage of the log');
    return { status: 200, json: logOf(submission), headers: { 'content-type': 'binary/octet-stream' } };
  }
}

const grantFor = (id: string): Grant => ({
  bucket: BUCKET,
  object: `prod/AROA${randomBytes(8).toString('hex').toUpperCase()}:${id}`,
  accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64'),
  sessionToken: randomBytes(300).toString('base64'),
});

const dataOf = ({ id, name, createdDate, status }: Submission) => ({
  type: 'submissions',
  id,
  attributes: { createdDate, name, status },
});

const accepted = { statusSummary: 'Ready for distribution', statusCode: 0 };
const invalid = { statusSummary: 'Archive contains critical validation errors', statusCode: 4000 };

const logOf = (submission: Submission) => ({
  logFormatVersion: 1,
  jobId: submission.id,
  status: submission.status,
  ...(submission.status === 'Accepted' ? accepted : invalid),
  archiveFilename: submission.name,
  uploadDate: submission.createdDate,
  sha256: submission.stored?.sha256Hex ?? submission.sha256,
  ticketContents: submission.status === 'Accepted' ? (submission.examined?.contents ?? null) : null,
  issues: submission.examined?.issues.length ? submission.examined.issues : null,
});

const invalidParameter = (detail: string): Answer => ({
  status: 400,
  json: {
    errors: [
      { id: '0', status: '400', code: 'PARAMETER_ERROR.INVALID', title: 'A parameter is invalid', detail },
    ],
  },
});

const missing = (type: string, id: string | undefined): Answer => ({
  status: 404,
  json: {
    errors: [
      {
        id: '0',
        status: '404',
        code: 'NOT_FOUND',
        title: 'The specified resource does not exist',
        detail: `There is no resource of type '${type}' with id '${id}'`,
      },
    ],
  },
});
