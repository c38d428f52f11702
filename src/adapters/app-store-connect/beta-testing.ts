import * as z from 'zod';
import { askStore, id, listStore, one, type StoreAccess, tellStore } from './store-call.ts';

/** A group of TestFlight testers. */
export interface TestGroup {
  readonly id: string;
  readonly name: string;
  /** Of people of the team, who need no review. */
  readonly isInternal: boolean;
  /** It has every build by itself, and Apple refuses to give it one. */
  readonly hasAllBuilds: boolean;
}

const TESTING = { about: 'testing' } as const;

/** @see https://developer.apple.com/documentation/appstoreconnectapi/get-v1-betagroups */
export async function findTestGroups(
  access: StoreAccess,
  appId: string,
  signal: AbortSignal,
): Promise<readonly TestGroup[]> {
  const asking = {
    ...TESTING,
    what: 'The question for the TestFlight groups',
    path: ['betaGroups'],
    query: {
      'filter[app]': appId,
      'fields[betaGroups]': 'name,isInternalGroup,hasAccessToAllBuilds',
    },
  };
  const group = z.object({
    id,
    attributes: z.object({
      name: z.string(),
      isInternalGroup: z.boolean().nullish(),
      hasAccessToAllBuilds: z.boolean().nullish(),
    }),
  });
  const found: TestGroup[] = [];
  for await (const { id, attributes } of listStore(access, asking, group, signal))
    found.push({
      id,
      name: attributes.name,
      isInternal: attributes.isInternalGroup === true,
      hasAllBuilds: attributes.isInternalGroup === true && attributes.hasAccessToAllBuilds === true,
    });
  return found;
}

/**
 * Once more is harmless.
 *
 * @see https://developer.apple.com/documentation/appstoreconnectapi/post-v1-builds-_id_-relationships-betagroups
 */
export async function addToGroups(
  access: StoreAccess,
  buildId: string,
  groupIds: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const asking = {
    ...TESTING,
    what: 'The request to give the build to its TestFlight groups',
    method: 'POST' as const,
    path: ['builds', buildId, 'relationships', 'betaGroups'],
    json: { data: groupIds.map((groupId) => ({ type: 'betaGroups', id: groupId })) },
  };
  await tellStore(access, asking, signal);
}

/**
 * Apple takes one answer for each build.
 *
 * @see https://developer.apple.com/documentation/appstoreconnectapi/patch-v1-builds-_id_
 */
export async function answerCompliance(
  access: StoreAccess,
  buildId: string,
  usesNonExemptEncryption: boolean,
  signal: AbortSignal,
): Promise<void> {
  const asking = {
    ...TESTING,
    what: 'The answer about the encryption in the app',
    method: 'PATCH' as const,
    path: ['builds', buildId],
    json: { data: { type: 'builds', id: buildId, attributes: { usesNonExemptEncryption } } },
  };
  await askStore(access, asking, one, signal);
}

/** "What to test" in one language. */
export interface TestNotes {
  readonly id: string;
  readonly locale: string;
  readonly whatsNew: string;
}

/** @see https://developer.apple.com/documentation/appstoreconnectapi/get-v1-builds-_id_-betabuildlocalizations */
export async function listNotes(
  access: StoreAccess,
  buildId: string,
  signal: AbortSignal,
): Promise<readonly TestNotes[]> {
  const asking = {
    ...TESTING,
    what: 'The question for the notes of the build',
    path: ['builds', buildId, 'betaBuildLocalizations'],
    query: { 'fields[betaBuildLocalizations]': 'locale,whatsNew', limit: '50' },
  };
  const notes = z.object({
    id,
    attributes: z.object({ locale: z.string(), whatsNew: z.string().nullish() }),
  });
  const { data } = await askStore(access, asking, z.object({ data: z.array(notes) }), signal);
  return data.map(({ id, attributes: { locale, whatsNew } }) => ({ id, locale, whatsNew: whatsNew ?? '' }));
}

/** @see https://developer.apple.com/documentation/appstoreconnectapi/post-v1-betabuildlocalizations */
export async function createNotes(
  access: StoreAccess,
  buildId: string,
  attributes: { readonly locale: string; readonly whatsNew: string },
  signal: AbortSignal,
): Promise<void> {
  const relationships = { build: { data: { type: 'builds', id: buildId } } };
  const asking = {
    ...TESTING,
    what: `The notes for testers in ${attributes.locale}`,
    method: 'POST' as const,
    path: ['betaBuildLocalizations'],
    json: { data: { type: 'betaBuildLocalizations', attributes, relationships } },
  };
  await askStore(access, asking, one, signal);
}

/** @see https://developer.apple.com/documentation/appstoreconnectapi/patch-v1-betabuildlocalizations-_id_ */
export async function updateNotes(
  access: StoreAccess,
  { id: notesId, locale }: Pick<TestNotes, 'id' | 'locale'>,
  whatsNew: string,
  signal: AbortSignal,
): Promise<void> {
  const asking = {
    ...TESTING,
    what: `The notes for testers in ${locale}`,
    method: 'PATCH' as const,
    path: ['betaBuildLocalizations', notesId],
    json: { data: { type: 'betaBuildLocalizations', id: notesId, attributes: { whatsNew } } },
  };
  await askStore(access, asking, one, signal);
}

/** @see https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_ */
export async function primaryLocaleOf(
  access: StoreAccess,
  appId: string,
  signal: AbortSignal,
): Promise<string> {
  const asking = {
    ...TESTING,
    what: 'The question for the language of the app',
    path: ['apps', appId],
    query: { 'fields[apps]': 'primaryLocale' },
  };
  const answer = z.object({ data: z.object({ attributes: z.object({ primaryLocale: z.string() }) }) });
  return (await askStore(access, asking, answer, signal)).data.attributes.primaryLocale;
}

/**
 * How far the build is on its way to testers outside of the team, as Apple calls it, e.g. `READY_FOR_BETA_SUBMISSION`.
 *
 * @see https://developer.apple.com/documentation/appstoreconnectapi/externalbetastate
 */
export async function externalStateOf(
  access: StoreAccess,
  buildId: string,
  signal: AbortSignal,
): Promise<string> {
  const asking = {
    ...TESTING,
    what: 'The question how far the build is',
    path: ['builds', buildId, 'buildBetaDetail'],
    query: { 'fields[buildBetaDetails]': 'externalBuildState' },
  };
  const answer = z.object({ data: z.object({ attributes: z.object({ externalBuildState: z.string() }) }) });
  return (await askStore(access, asking, answer, signal)).data.attributes.externalBuildState;
}

/** @see https://developer.apple.com/documentation/appstoreconnectapi/post-v1-betaappreviewsubmissions */
export async function requestReview(
  access: StoreAccess,
  buildId: string,
  signal: AbortSignal,
): Promise<void> {
  const relationships = { build: { data: { type: 'builds', id: buildId } } };
  const asking = {
    ...TESTING,
    what: 'The request for the beta review',
    method: 'POST' as const,
    path: ['betaAppReviewSubmissions'],
    json: { data: { type: 'betaAppReviewSubmissions', relationships } },
  };
  await askStore(access, asking, one, signal);
}
