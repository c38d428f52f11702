import { randomUUID } from 'node:crypto';
import { type Answer, type Exchange, ok, pageOf, refused } from './core.ts';

export interface StoreGroup {
  readonly id: string;
  readonly name: string;
  readonly appId: string;
  readonly isInternalGroup: boolean;
  /** Internal groups alone: Apple refuses to give them a build. */
  readonly hasAccessToAllBuilds?: boolean;
}

export interface StoreBuild {
  readonly id: string;
  readonly appId: string;
  processingState: 'PROCESSING' | 'VALID' | 'INVALID' | 'FAILED';
  pollsLeft: number;
  usesNonExemptEncryption: boolean | null;
  readonly notes: { readonly id: string; readonly locale: string; whatsNew: string | null }[];
  readonly groupIds: Set<string>;
  /** Null: nobody has asked for it. */
  review: 'WAITING_FOR_BETA_REVIEW' | 'BETA_APPROVED' | null;
}

interface BetaOptions {
  readonly groups: readonly StoreGroup[];
  readonly builds: () => readonly StoreBuild[];
}

interface BetaRoute {
  readonly name: string;
  readonly method: string;
  /** As a pattern of the whole path. */
  readonly path: string;
  readonly handle: (exchange: Exchange) => Promise<Answer>;
}

interface Sent {
  readonly data?: {
    readonly id?: string;
    readonly attributes?: { locale?: string; whatsNew?: string; usesNonExemptEncryption?: boolean };
    readonly relationships?: { readonly build?: { readonly data?: { readonly id?: string } } };
  };
}

const MAX_NOTES = 4_000;
const UNPROCESSABLE = 'ENTITY_UNPROCESSABLE';

/** The part of App Store Connect that TestFlight is driven by, with the texts that Apple has been seen to answer. */
export class BetaTesting {
  /** Another build of the version waits for its review: Apple takes one at a time. */
  isReviewBusy = false;
  readonly #options: BetaOptions;

  constructor(options: BetaOptions) {
    this.#options = options;
  }

  readonly routes: readonly BetaRoute[] = [
    route('betaGroups', 'GET', '/v1/betaGroups', async ({ query }) => this.#groups(query)),
    route('app', 'GET', '/v1/apps/([^/]+)', async ({ groups: [id] }) =>
      ok({ type: 'apps', id, attributes: { primaryLocale: 'de-DE' } }),
    ),
    route('answerCompliance', 'PATCH', '/v1/builds/([^/]+)', async (e) =>
      this.#withBuild(e.groups[0], async (build) => comply(build, (await e.readJson()) as Sent)),
    ),
    route('listNotes', 'GET', '/v1/builds/([^/]+)/betaBuildLocalizations', async (e) =>
      this.#withBuild(e.groups[0], async ({ notes }) => ok(notes.map(notesResource))),
    ),
    route('createNotes', 'POST', '/v1/betaBuildLocalizations', async (e) => {
      const sent = (await e.readJson()) as Sent;
      return this.#withBuild(sent.data?.relationships?.build?.data?.id, async (build) => create(build, sent));
    }),
    route('updateNotes', 'PATCH', '/v1/betaBuildLocalizations/([^/]+)', async (e) =>
      this.#update(e.groups[0], (await e.readJson()) as Sent),
    ),
    route('joinGroups', 'POST', '/v1/builds/([^/]+)/relationships/betaGroups', async (e) =>
      this.#withBuild(e.groups[0], async (build) =>
        this.#join(build, (await e.readJson()) as { data?: readonly { id?: string }[] }),
      ),
    ),
    route('betaDetail', 'GET', '/v1/builds/([^/]+)/buildBetaDetail', async (e) =>
      this.#withBuild(e.groups[0], async (build) =>
        ok({
          type: 'buildBetaDetails',
          id: build.id,
          attributes: { externalBuildState: externalState(build) },
        }),
      ),
    ),
    route('requestReview', 'POST', '/v1/betaAppReviewSubmissions', async (e) => {
      const sent = (await e.readJson()) as Sent;
      return this.#withBuild(sent.data?.relationships?.build?.data?.id, async (build) => this.#review(build));
    }),
  ];

  /** Names of the groups that have the newest build. */
  groupsOf({ groupIds }: StoreBuild): string[] {
    return this.#options.groups.filter(({ id }) => groupIds.has(id)).map(({ name }) => name);
  }

  #groups(query: URLSearchParams): Answer {
    const groups = this.#options.groups.filter(({ appId }) => appId === query.get('filter[app]'));
    return pageOf(
      groups.map(({ id, name, isInternalGroup, hasAccessToAllBuilds = false }) => ({
        type: 'betaGroups',
        id,
        attributes: { name, isInternalGroup, hasAccessToAllBuilds },
      })),
      query,
    );
  }

  async #withBuild(id: string | undefined, answer: (build: StoreBuild) => Promise<Answer>): Promise<Answer> {
    const build = this.#options.builds().find((each) => each.id === id);
    return build
      ? answer(build)
      : refused(404, 'NOT_FOUND', `There is no resource of type 'builds' with id '${id}'`);
  }

  #update(id: string | undefined, { data }: Sent): Answer {
    const notes = this.#options
      .builds()
      .flatMap((build) => build.notes)
      .find((each) => each.id === id);
    if (!notes) return refused(404, 'NOT_FOUND', "There is no resource of type 'betaBuildLocalizations'");
    const whatsNew = data?.attributes?.whatsNew;
    if (whatsNew === undefined || whatsNew.length > MAX_NOTES)
      return refused(409, 'ENTITY_ERROR.ATTRIBUTE.INVALID', 'whatsNew is too long');
    notes.whatsNew = whatsNew;
    return ok(notesResource(notes));
  }

  #join(build: StoreBuild, { data = [] }: { data?: readonly { id?: string }[] }): Answer {
    const groups = data.map(({ id }) => this.#options.groups.find((group) => group.id === id));
    if (groups.some((group) => group === undefined || group.appId !== build.appId))
      return refused(404, 'NOT_FOUND', "There is no resource of type 'betaGroups'");
    if (build.processingState !== 'VALID' || build.usesNonExemptEncryption === null)
      return refused(422, UNPROCESSABLE, 'Build is not in a state that can be assigned to a group.');
    if (groups.some((group) => group?.hasAccessToAllBuilds))
      return refused(
        422,
        UNPROCESSABLE,
        'Builds cannot be assigned to this internal group. Cannot add internal group to a build.',
      );
    for (const group of groups) if (group) build.groupIds.add(group.id);
    return { status: 204 };
  }

  #review(build: StoreBuild): Answer {
    if (this.isReviewBusy)
      return refused(
        422,
        `${UNPROCESSABLE}.ANOTHER_BUILD_IN_REVIEW`,
        'Another build is in review: you have another build of this version waiting for beta review.',
      );
    if (externalState(build) !== 'READY_FOR_BETA_SUBMISSION')
      return refused(422, `${UNPROCESSABLE}.BUILD_NOT_READY`, 'Build is not ready for beta submission.');
    build.review = 'WAITING_FOR_BETA_REVIEW';
    return ok(
      {
        type: 'betaAppReviewSubmissions',
        id: build.id,
        attributes: { betaReviewState: 'WAITING_FOR_REVIEW' },
      },
      201,
    );
  }
}

const route = (
  name: string,
  method: string,
  path: string,
  handle: (exchange: Exchange) => Promise<Answer>,
): BetaRoute => ({ name, method, path, handle });

const notesResource = ({ id, locale, whatsNew }: StoreBuild['notes'][number]) => ({
  type: 'betaBuildLocalizations',
  id,
  attributes: { locale, whatsNew },
});

/** It can be answered once. */
function comply(build: StoreBuild, { data }: Sent): Answer {
  const answer = data?.attributes?.usesNonExemptEncryption;
  if (answer === undefined || data?.id !== build.id)
    return refused(409, 'ENTITY_ERROR.ATTRIBUTE.REQUIRED', 'usesNonExemptEncryption is missing');
  if (build.usesNonExemptEncryption !== null)
    return refused(
      409,
      'ENTITY_ERROR.ATTRIBUTE.INVALID',
      'The attribute usesNonExemptEncryption cannot be changed once it is set.',
    );
  build.usesNonExemptEncryption = answer;
  return ok({ type: 'builds', id: build.id });
}

function create(build: StoreBuild, { data }: Sent): Answer {
  const { locale = '', whatsNew = '' } = data?.attributes ?? {};
  if (build.notes.some((notes) => notes.locale === locale))
    return refused(
      409,
      'ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE',
      `Entity with locale: ${locale} already exists. Try updating.`,
    );
  if (whatsNew.length > MAX_NOTES)
    return refused(409, 'ENTITY_ERROR.ATTRIBUTE.INVALID', 'whatsNew is too long');
  const notes = { id: randomUUID(), locale, whatsNew };
  build.notes.push(notes);
  return ok(notesResource(notes), 201);
}

function externalState({ processingState, usesNonExemptEncryption, review }: StoreBuild): string {
  if (processingState !== 'VALID') return 'PROCESSING';
  if (usesNonExemptEncryption === null) return 'MISSING_EXPORT_COMPLIANCE';
  return review ?? 'READY_FOR_BETA_SUBMISSION';
}
