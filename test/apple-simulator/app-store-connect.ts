import { createHash, randomUUID } from 'node:crypto';
import type { ApiAuth } from './api-auth.ts';
import { BetaTesting, type StoreBuild, type StoreGroup } from './beta-testing.ts';
import {
  type Answer,
  type Exchange,
  ok,
  pageOf,
  type Route,
  refused,
  type SimulatorContext,
  unauthorized,
} from './core.ts';
import { iconErrors, type StoreError } from './icon-checks.ts';

export interface StoreApp {
  readonly id: string;
  readonly bundleId: string;
}

export interface StoreUpload {
  readonly id: string;
  readonly appId: string;
  readonly shortVersion: string;
  readonly version: string;
  readonly platform: string;
  state: 'AWAITING_UPLOAD' | 'PROCESSING' | 'FAILED' | 'COMPLETE';
  errors: readonly StoreError[];
  fileId: string;
  fileSize: number;
  uti: string;
  /** Slices that have arrived, by part number. */
  readonly parts: Map<number, Buffer>;
  /** What is wrong with its icons, once it was committed. */
  iconErrors: readonly StoreError[];
  /** Digest of the whole file, once it was committed. */
  sha256Hex: string;
  pollsLeft: number;
  commits: number;
  /** When the file was committed; empty before. */
  uploadedDate: string;
  readonly build: StoreBuild;
}

export interface StoreOptions {
  readonly apps: readonly StoreApp[];
  /** Bytes of one part; the file is cut accordingly. */
  readonly partBytes?: number;
  /** Questions after the commit that are answered with PROCESSING; 1 when left out. */
  readonly pollsBeforeVerdict?: number;
  /** Looks at the icons of iOS apps, which are then real ones; what it finds is what processing finds. */
  readonly judgesIcons?: boolean;
  /** What processing finds beside that; nothing: the build is fine. */
  readonly errors?: readonly StoreError[];
  /** What becomes of the build after its upload is complete. */
  readonly build?: BuildOptions;
  /** Groups of TestFlight testers. */
  readonly groups?: readonly StoreGroup[];
  /** The addresses of parts end that many milliseconds after the reservation; never when left out. */
  readonly addressMs?: number;
}

export interface BuildOptions {
  /** Questions for the build that are answered with PROCESSING; 0 when left out. */
  readonly pollsBeforeProcessed?: number;
  readonly endsAs?: 'VALID' | 'INVALID' | 'FAILED';
  /** As Apple reads it from Info.plist, or as an earlier answer says; null when left out. */
  readonly usesNonExemptEncryption?: boolean | null;
  /** Languages that App Store Connect makes notes in by itself; none when left out. */
  readonly locales?: readonly string[];
}

/** What clients send, as far as it is looked at. */
interface Sent {
  readonly attributes?: {
    readonly cfBundleShortVersionString?: string;
    readonly cfBundleVersion?: string;
    readonly platform?: string;
    readonly assetType?: string;
    readonly uti?: string;
    readonly fileSize?: number;
    readonly uploaded?: boolean;
  };
  readonly relationships?: Readonly<Record<string, { readonly data?: { readonly id?: string } }>>;
}

const sentIn = (json: unknown): Sent => (json as { data?: Sent } | undefined)?.data ?? {};

/** App Store Connect, as far as Build Uploads (API 4.1) go. */
export class StoreService {
  readonly uploads: StoreUpload[] = [];
  /** Ids of uploads that are answered with 404 from now on; their builds stay. */
  readonly forgotten = new Set<string>();
  fileReservations = 0;
  readonly testing: BetaTesting;
  readonly #options: StoreOptions;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.testing = new BetaTesting({
      groups: options.groups ?? [],
      builds: () => this.uploads.map(({ build }) => build),
    });
  }

  readonly service = (context: SimulatorContext, auth: ApiAuth): readonly Route[] => {
    const authorized = (handle: (exchange: Exchange) => Promise<Answer>) => async (exchange: Exchange) =>
      auth.objection(exchange.request) === undefined ? handle(exchange) : unauthorized;
    const route = (
      name: string,
      method: string,
      path: string,
      handle: (e: Exchange) => Promise<Answer>,
    ): Route => ({
      name,
      method,
      path: new RegExp(`^${path}$`),
      handle: authorized(handle),
    });
    return [
      route('apps', 'GET', '/v1/apps', async ({ query }) => this.#apps(query)),
      route('earlierUploads', 'GET', '/v1/apps/([^/]+)/buildUploads', async (e) => this.#earlier(e)),
      route('reserveUpload', 'POST', '/v1/buildUploads', async (e) => this.#reserve(await e.readJson())),
      route('reserveFile', 'POST', '/v1/buildUploadFiles', async (e) =>
        this.#file(context, await e.readJson()),
      ),
      route('commitFile', 'PATCH', '/v1/buildUploadFiles/([^/]+)', async (e) => this.#commit(context, e)),
      route('builds', 'GET', '/v1/builds', async ({ query }) => this.#builds(query)),
      route('askUpload', 'GET', '/v1/buildUploads/([^/]+)', async (e) => this.#ask(e.groups[0])),
      ...this.testing.routes.map(({ name, method, path, handle }) => route(name, method, path, handle)),
      {
        name: 'putPart',
        method: 'PUT',
        path: /^\/parts\/([^/]+)\/(\d+)$/,
        ownFaults: ['addressExpired'],
        handle: (e) => this.#part(context, e),
      },
    ];
  };

  /** The filter matches beginnings, as the real one has been seen to do. */
  #apps(query: URLSearchParams): Answer {
    const wanted = query.get('filter[bundleId]') ?? '';
    const apps = this.#options.apps.filter(({ bundleId }) => bundleId.startsWith(wanted));
    return pageOf(
      apps.map(({ id, bundleId }) => ({ type: 'apps', id, attributes: { bundleId, name: bundleId } })),
      query,
    );
  }

  #earlier({ groups: [appId], query }: Exchange): Answer {
    const version = query.get('filter[cfBundleVersion]');
    const state = query.get('filter[state]');
    const found = this.uploads.filter(
      (each) => each.appId === appId && each.version === version && each.state === state,
    );
    return ok(found.map(resourceOf));
  }

  #builds(query: URLSearchParams): Answer {
    const found = this.uploads.filter(
      ({ appId, version, shortVersion, uploadedDate }) =>
        appId === query.get('filter[app]') &&
        version === query.get('filter[version]') &&
        shortVersion === query.get('filter[preReleaseVersion.version]') &&
        uploadedDate !== '',
    );
    return ok(
      found.map((upload) => {
        const { version, uploadedDate, build } = upload;
        const { usesNonExemptEncryption } = build;
        const processingState = this.#processingStateOf(upload);
        return {
          type: 'builds',
          id: build.id,
          attributes: { version, uploadedDate, processingState, usesNonExemptEncryption },
        };
      }),
    );
  }

  #processingStateOf({ state, build }: StoreUpload): string {
    if (state !== 'COMPLETE') return state === 'FAILED' ? 'INVALID' : 'PROCESSING';
    build.pollsLeft -= 1;
    if (build.pollsLeft >= 0) return 'PROCESSING';
    build.processingState = this.#options.build?.endsAs ?? 'VALID';
    return build.processingState;
  }

  #reserve(json: unknown): Answer {
    const { attributes, relationships } = sentIn(json);
    const appId = relationships?.app?.data?.id ?? '';
    const {
      cfBundleShortVersionString: shortVersion = '',
      cfBundleVersion: version = '',
      platform = '',
    } = attributes ?? {};
    if (!this.#options.apps.some(({ id }) => id === appId))
      return refused(404, 'NOT_FOUND', 'There is no such app');
    const twin = this.uploads.some(
      (each) =>
        each.appId === appId &&
        each.version === version &&
        each.state !== 'AWAITING_UPLOAD' &&
        each.state !== 'FAILED',
    );
    if (twin)
      return refused(
        409,
        'ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE',
        `The bundle version must be higher than the previously uploaded version: '${version}'`,
      );
    const upload: StoreUpload = {
      ...{ id: randomUUID(), appId, shortVersion, version, platform, state: 'AWAITING_UPLOAD', errors: [] },
      ...{ fileId: '', fileSize: 0, uti: '', parts: new Map(), sha256Hex: '', commits: 0 },
      iconErrors: [],
      pollsLeft: this.#options.pollsBeforeVerdict ?? 1,
      uploadedDate: '',
      build: newBuild(appId, this.#options.build),
    };
    this.uploads.push(upload);
    return { status: 201, json: { data: resourceOf(upload) } };
  }

  #file(context: SimulatorContext, json: unknown): Answer {
    const { attributes, relationships } = sentIn(json);
    const upload = this.uploads.find(({ id }) => id === relationships?.buildUpload?.data?.id);
    if (!upload) return refused(404, 'NOT_FOUND', 'There is no such upload');
    if (
      attributes?.assetType !== 'ASSET' ||
      !['com.apple.ipa', 'com.apple.pkg'].includes(attributes.uti ?? '')
    )
      return refused(409, 'ENTITY_ERROR.ATTRIBUTE.INVALID', 'assetType or uti is not valid');
    this.fileReservations += 1;
    upload.fileId = randomUUID();
    upload.fileSize = attributes.fileSize ?? 0;
    upload.uti = attributes.uti ?? '';
    upload.parts.clear();
    const partBytes = this.#options.partBytes ?? 1024 * 1024;
    const count = Math.ceil(upload.fileSize / partBytes);
    const { addressMs } = this.#options;
    const ends =
      addressMs === undefined ? {} : { expiration: new Date(Date.now() + addressMs).toISOString() };
    const uploadOperations = Array.from({ length: count }, (_, index) => ({
      method: 'PUT',
      url: `${context.baseUrl()}/parts/${upload.fileId}/${index + 1}?signature=x`,
      offset: index * partBytes,
      length: Math.min(partBytes, upload.fileSize - index * partBytes),
      partNumber: index + 1,
      entityTag: null,
      ...ends,
      requestHeaders: [
        { name: 'Content-Type', value: 'application/octet-stream' },
        { name: 'x-part', value: String(index + 1) },
      ],
    }));
    return {
      status: 201,
      json: { data: { type: 'buildUploadFiles', id: upload.fileId, attributes: { uploadOperations } } },
    };
  }

  async #part(context: SimulatorContext, exchange: Exchange): Promise<Answer> {
    const [fileId, number = ''] = exchange.groups;
    const upload = this.uploads.find((each) => each.fileId === fileId);
    if (exchange.fault === 'addressExpired')
      return {
        status: 403,
        text: '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
      };
    if (!upload) return refused(404, 'NOT_FOUND', 'no such part');
    if (exchange.request.headers.authorization !== undefined)
      context.violations.push('store: a part came with Authorization');
    if (exchange.request.headers['x-part'] !== number)
      context.violations.push('store: a part came without its headers');
    upload.parts.set(Number(number), await exchange.readBody(64 * 1024 * 1024));
    return { status: 200, text: '' };
  }

  async #commit(context: SimulatorContext, exchange: Exchange): Promise<Answer> {
    const { attributes } = sentIn(await exchange.readJson());
    const upload = this.uploads.find(({ fileId }) => fileId === exchange.groups[0]);
    if (!upload || attributes?.uploaded !== true) return refused(409, 'STATE_ERROR', 'not as expected');
    upload.commits += 1;
    if (upload.commits > 1 && upload.state !== 'AWAITING_UPLOAD')
      context.violations.push('store: committed twice');
    const file = Buffer.concat([...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part));
    if (file.length !== upload.fileSize)
      return refused(409, 'STATE_ERROR.VALIDATION_ERROR', 'The file is incomplete');
    upload.sha256Hex = createHash('sha256').update(file).digest('hex');
    if (upload.uti === 'com.apple.ipa' && this.#options.judgesIcons)
      upload.iconErrors = await iconErrors(file);
    upload.state = 'PROCESSING';
    upload.uploadedDate = new Date().toISOString();
    return ok({ type: 'buildUploadFiles', id: upload.fileId });
  }

  #ask(id = ''): Answer {
    const upload = this.uploads.find((each) => each.id === id);
    if (!upload || this.forgotten.has(id)) return refused(404, 'NOT_FOUND', 'There is no such upload');
    if (upload.state === 'PROCESSING') this.#process(upload);
    return ok(resourceOf(upload));
  }

  #process(upload: StoreUpload): void {
    upload.pollsLeft -= 1;
    if (upload.pollsLeft >= 0) return;
    upload.errors = [...(this.#options.errors ?? []), ...upload.iconErrors];
    upload.state = upload.errors.length > 0 ? 'FAILED' : 'COMPLETE';
  }
}

const newBuild = (
  appId: string,
  { pollsBeforeProcessed = 0, usesNonExemptEncryption = null, locales = [] }: BuildOptions = {},
): StoreBuild => ({
  id: randomUUID(),
  appId,
  processingState: 'PROCESSING',
  pollsLeft: pollsBeforeProcessed,
  usesNonExemptEncryption,
  notes: locales.map((locale) => ({ id: randomUUID(), locale, whatsNew: null })),
  groupIds: new Set(),
  review: null,
});

const resourceOf = (upload: StoreUpload) => ({
  type: 'buildUploads',
  id: upload.id,
  attributes: {
    cfBundleShortVersionString: upload.shortVersion,
    cfBundleVersion: upload.version,
    platform: upload.platform,
    state: { state: upload.state, errors: upload.errors, warnings: [], infos: [] },
  },
});
