import type { Artifact } from '../../../machines/contracts/job.ts';
import type { BuildNews, Done } from '../../../machines/testflight/ports.ts';
import * as store from '../../adapters/app-store-connect/index.ts';
import { type AfterUpload, DEFAULT_NOTES } from '../../domain/manifest/index.ts';
import { ShipError } from '../../errors.ts';
import { readInfoPlist } from '../../files/bundle/index.ts';
import type { RunResults } from '../run-results.ts';
import { buildKeyOf } from './earlier-upload.ts';
import { buildOf, isSince, openAccess, type StoreScope } from './publish-build.ts';

interface AboutBuild {
  readonly artifact: Artifact;
  readonly buildId: string;
}

export async function askBuild(
  scope: StoreScope,
  { artifact }: Pick<AboutBuild, 'artifact'>,
): Promise<BuildNews> {
  const { services, results, signal } = scope;
  const builds = await store.findBuilds(openAccess(scope), await appIdOf(scope), buildOf(results), signal);
  const taken = builds.find(store.isTaken);
  if (taken) return newsOf(taken, await declaredEncryption(results));
  const begunAtMs = (await services.journal.findUpload(buildKeyOf(results, artifact)))?.begunAtMs ?? 0;
  // a number whose build was refused may have been used before
  const refused = builds.find((build) => isSince(build, begunAtMs));
  return refused ? newsOf(refused, undefined) : { ...UNSEEN };
}

const UNSEEN: BuildNews = { state: 'none', buildId: null, compliance: 'open', failure: null };

function newsOf(build: store.KnownBuild, declared: boolean | undefined): BuildNews {
  const compliance =
    build.usesNonExemptEncryption !== null ? 'answered' : declared === undefined ? 'open' : 'declared';
  const about = { buildId: build.id, compliance } as const;
  if (build.state === 'processing' || build.state === 'valid')
    return { ...about, state: build.state, failure: null };
  return { ...about, state: 'refused', failure: refusedIn(build.state).failure };
}

const refusedIn = (state: 'failed' | 'invalid'): ShipError =>
  new ShipError('STORE_REJECTED', {
    summary: 'App Store Connect does not take the build.',
    reason: `Its processing ended with the state ${state.toUpperCase()}, and the API does not say why.`,
    nextStep:
      'Read the e-mail that Apple has sent to the team about this build, correct what it names, and upload a new one.',
  });

/** ITSAppUsesNonExemptEncryption, as the app was signed with it. */
async function declaredEncryption({ finished, found, facts }: RunResults): Promise<boolean | undefined> {
  if (finished) return finished.usesNonExemptEncryption;
  if (!found || !facts) return undefined;
  const { ITSAppUsesNonExemptEncryption: declared } = await readInfoPlist(found.appPath, facts);
  return typeof declared === 'boolean' ? declared : undefined;
}

export async function answerCompliance(scope: StoreScope, { buildId }: AboutBuild): Promise<void> {
  const declared = await declaredEncryption(scope.results);
  if (declared === undefined) throw new Error('nothing is declared about encryption');
  await store.answerCompliance(openAccess(scope), buildId, declared, scope.signal);
}

const appIdOf = (scope: StoreScope): Promise<string> =>
  store.findApp(openAccess(scope), buildOf(scope.results).bundleId, scope.signal);

const wishesOf = ({ finished, manifest }: RunResults): AfterUpload =>
  (finished ?? manifest)?.afterUpload ?? { groups: [], notes: {} };

/** What is there as it should be is left alone, so that another attempt goes on where the last one ended. */
export async function writeNotes(scope: StoreScope, { buildId }: AboutBuild): Promise<void> {
  const { results, signal } = scope;
  const access = openAccess(scope);
  const present = await store.listNotes(access, buildId, signal);
  for (const [locale, whatsNew] of await wantedNotes(scope, wishesOf(results).notes, present)) {
    const there = present.find((notes) => notes.locale === locale);
    if (!there) await store.createNotes(access, buildId, { locale, whatsNew }, signal);
    else if (there.whatsNew !== whatsNew) await store.updateNotes(access, there, whatsNew, signal);
  }
}

/** The text for every language goes to those that the build has, and to that of the app when it has none. */
async function wantedNotes(
  scope: StoreScope,
  { [DEFAULT_NOTES]: text, ...own }: Readonly<Record<string, string>>,
  present: readonly { readonly locale: string }[],
): Promise<Map<string, string>> {
  const wanted = new Map(Object.entries(own));
  if (text === undefined) return wanted;
  const locales = present.map(({ locale }) => locale);
  if (locales.length === 0)
    locales.push(await store.primaryLocaleOf(openAccess(scope), await appIdOf(scope), scope.signal));
  for (const locale of locales) if (!wanted.has(locale)) wanted.set(locale, text);
  return wanted;
}

export async function checkGroups(scope: StoreScope): Promise<void> {
  await namedGroups(scope);
}

export async function joinGroups(
  scope: StoreScope,
  { buildId }: AboutBuild,
): Promise<Done & { needsReview: boolean }> {
  const groups = await namedGroups(scope);
  const given = groups.filter(({ hasAllBuilds }) => !hasAllBuilds);
  const ids = given.map(({ id }) => id);
  if (ids.length > 0) await store.addToGroups(openAccess(scope), buildId, ids, scope.signal);
  return {
    needsReview: groups.some(({ isInternal }) => !isInternal),
    remarks: groups
      .filter(({ hasAllBuilds }) => hasAllBuilds)
      .map(({ name }) => `The group ${JSON.stringify(name)} gets every build by itself.`),
  };
}

/** @throws ShipError STORE_GROUP_UNKNOWN names those that there are */
async function namedGroups(scope: StoreScope): Promise<readonly store.TestGroup[]> {
  const { groups: names } = wishesOf(scope.results);
  const groups = await store.findTestGroups(openAccess(scope), await appIdOf(scope), scope.signal);
  const unknown = names.filter((name) => !groups.some((group) => group.name === name));
  if (unknown.length > 0) throw groupUnknown(unknown, groups);
  return groups.filter(({ name }) => names.includes(name));
}

function groupUnknown(unknown: readonly string[], groups: readonly store.TestGroup[]): ShipError {
  const listed = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');
  const all = groups.map(({ name }) => name);
  return new ShipError('STORE_GROUP_UNKNOWN', {
    summary: `The app has no TestFlight group ${listed(unknown)}.`,
    reason: all.length === 0 ? 'It has no group at all.' : `Its groups are ${listed(all.slice(0, 50))}.`,
    nextStep: 'Name groups as App Store Connect does, capital letters included, or make the group there.',
  });
}

/** Apple has been asked for the review, or it is over. */
const ASKED_FOR = new Set([
  ...['WAITING_FOR_BETA_REVIEW', 'IN_BETA_REVIEW', 'BETA_APPROVED'],
  ...['READY_FOR_BETA_TESTING', 'IN_BETA_TESTING'],
]);
/** For a moment after the build was processed, or its question about encryption was answered. */
const NOT_YET = new Set(['PROCESSING', 'MISSING_EXPORT_COMPLIANCE']);

export async function requestReview(scope: StoreScope, { buildId }: AboutBuild): Promise<Done> {
  const access = openAccess(scope);
  const state = await store.externalStateOf(access, buildId, scope.signal);
  if (NOT_YET.has(state)) throw notReady(state);
  if (!ASKED_FOR.has(state)) {
    await store.requestReview(access, buildId, scope.signal);
    return { remarks: [ON_ITS_WAY] };
  }
  return { remarks: state.endsWith('TESTING') || state === 'BETA_APPROVED' ? [] : [ON_ITS_WAY] };
}

const ON_ITS_WAY = 'Testers outside of the team get the build as soon as Apple has reviewed it.';

const notReady = (state: string): ShipError =>
  new ShipError('APPLE_UNAVAILABLE', {
    summary: 'Apple does not review the build yet.',
    reason: `App Store Connect says ${state} of it.`,
    nextStep: 'Look at the build in App Store Connect, answer what it asks, and submit it for review there.',
  });
