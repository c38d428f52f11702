import { type ExpectedSignature, keptFlags } from '../../domain/code-signature/expected-signature.ts';
import { pathIdentifier } from '../../domain/code-signature/path-identifier.ts';
import type { SigningIdentity } from '../../domain/identity/index.ts';
import { isIssuedByApple } from '../../domain/profile/index.ts';
import type { SliceSignature } from '../../files/code-signature/read-signature.ts';
import { codeFlags, versionText } from '../../formats/code-signature/code-directory.ts';
import { newDict, type PlistDict, parsePlistDict } from '../../formats/plist/index.ts';
import { need } from '../run-results.ts';
import { nestedSettings } from './nested-code.ts';
import { type GuestStepScope, materialOf, passOf, type StepScope } from './step.ts';

/** What the signature of one architecture of a file must be, from what the architecture was before. */
export type Expect = (path: string, unsigned: SliceSignature) => ExpectedSignature;

/** MH_EXECUTE of Apple's <mach-o/loader.h>. */
const PROGRAM = 2;

interface Asked {
  readonly bundleId?: string;
  /** Absent where signing keeps the entitlements that the code has. */
  readonly entitlements?: PlistDict;
  readonly hardened: boolean;
}

/** What was asked for of all code of the bundle: the counterpart of `codesign.ts`. */
export async function expectedSignatures(scope: GuestStepScope): Promise<Expect> {
  const { identity } = materialOf(scope);
  const byCodesign = scope.toolchain === 'xcode' && !identity;
  const askedOf = byCodesign ? askedOfCodesign(scope) : await askedOfRcodesign(scope);
  const teamIds = teamIdsFor(identity);
  const { machOs, signedFirst } = need(scope.results, 'facts');
  const embeddedIds = new Map(machOs.map((file) => [file.path, file.embeddedId]));
  const alone = new Set(signedFirst);
  return (path, unsigned) => {
    const { bundleId, entitlements, hardened } = askedOf(path);
    const kept = unsigned.signature;
    const oldFlags = byCodesign ? 0 : keptFlags(kept?.codeDirectories[0].flags ?? 0);
    return {
      ...identifiersOf({
        path,
        unsigned,
        byCodesign,
        given: bundleId || embeddedIds.get(path),
        alone: alone.has(path),
      }),
      teamIds,
      flags: (hardened ? codeFlags.runtime : oldFlags) | (identity ? 0 : codeFlags.adHoc),
      ...runtimeVersionsOf(unsigned, hardened),
      hasRequirement: identity !== undefined,
      isProgram: unsigned.layout.fileType === PROGRAM,
      ...(unsigned.layout.textSegment && { textSegment: unsigned.layout.textSegment }),
      entitlements: entitlements ?? entitlementsIn(unsigned),
      ...(kept?.entitlementsXml !== undefined && { keptEntitlementsXml: kept.entitlementsXml }),
      ...(kept && !byCodesign && { kept: kept.blobs }),
    };
  };
}

async function askedOfRcodesign(scope: GuestStepScope): Promise<(path: string) => Asked> {
  const { hardenedRuntime } = passOf(scope);
  const { nestedEntitlements, hardenedScopes } = await nestedSettings(scope);
  const given = new Map(nestedEntitlements.map((item) => [item.scope, parsed(item.xml)]));
  const hardened = new Set(hardenedScopes);
  const owners = ownersOf(scope);
  const { entitlements } = materialOf(scope);
  return (path) => {
    const owner = owners.get(path);
    if (owner?.path === '') return { bundleId: owner.bundleId, entitlements, hardened: hardenedRuntime };
    const name = owner?.path ?? path;
    const own = given.get(name);
    return {
      ...(owner && { bundleId: owner.bundleId }),
      ...(own && { entitlements: own }),
      hardened: hardenedRuntime && hardened.has(name),
    };
  };
}

function askedOfCodesign(scope: GuestStepScope): (path: string) => Asked {
  const { hardenedRuntime: hardened } = passOf(scope);
  const owners = ownersOf(scope);
  const { entitlements } = materialOf(scope);
  return (path) => {
    const owner = owners.get(path);
    return {
      ...(owner && { bundleId: owner.bundleId }),
      ...(owner?.path === '' && { entitlements }),
      hardened,
    };
  };
}

/** The bundle whose main executable a file is; the app itself has an empty path. */
function ownersOf({ results }: GuestStepScope) {
  const { executable, bundleId, nested } = need(results, 'facts');
  const owners = new Map([[executable, { path: '', bundleId }]]);
  for (const bundle of nested)
    if (bundle.executable !== undefined)
      owners.set(bundle.executable, { path: bundle.path, bundleId: bundle.bundleId });
  return owners;
}

/** Signing takes the version of the SDK, or of the signature before; without the hardened runtime there may be none. */
function runtimeVersionsOf({ layout, signature }: SliceSignature, hardened: boolean) {
  const versions = layout.sdkVersions.filter((packed) => packed !== 0).map(versionText);
  if (versions.length === 0) return {};
  const before = signature?.codeDirectories[0].runtimeVersion;
  const kept = before === undefined ? [] : [before];
  return { runtimeVersions: [...versions, ...kept, ...(hardened ? [] : [undefined])] };
}

interface NamedCode {
  readonly path: string;
  readonly unsigned: SliceSignature;
  readonly byCodesign: boolean;
  /** By an Info.plist. */
  readonly given: string | undefined;
  /** Signed by itself, not with the bundle: then it keeps the identifier that it had. */
  readonly alone: boolean;
}

function identifiersOf({ path, unsigned, byCodesign, given, alone }: NamedCode) {
  if (given) return { identifiers: [given], ...(byCodesign && { uniqueStem: given }) };
  const name = path.slice(path.lastIndexOf('/') + 1);
  const stems = [...new Set([name, name.normalize('NFC')].map(pathIdentifier))];
  const before = unsigned.signature?.codeDirectories[0].identifier;
  const kept = (alone || byCodesign) && before !== undefined ? [before] : [];
  if (!byCodesign) return { identifiers: [...stems, ...kept] };
  return { identifiers: [...stems, name, ...kept], uniqueStem: stems[0] ?? name };
}

/** Of a disk image, whose signature has an identifier of its own and nothing else, but for a ticket once it is stapled. */
export function expectedImageSignature(
  scope: Pick<StepScope, 'results' | 'pass'>,
  stapled = false,
): ExpectedSignature {
  const { identity } = materialOf(scope);
  return {
    identifiers: [imageIdentifier(scope)],
    teamIds: teamIdsFor(identity),
    flags: identity ? 0 : codeFlags.adHoc,
    hasRequirement: false,
    isProgram: false,
    entitlements: newDict(),
    stapled,
  };
}

export const imageIdentifier = ({ results }: Pick<StepScope, 'results'>): string =>
  `${need(results, 'facts').bundleId}.dmg`;

/** rcodesign names the team for certificates that Apple issued; Apple's codesign, never without an identity. */
function teamIdsFor(identity: SigningIdentity | undefined): readonly (string | undefined)[] {
  if (!identity) return [undefined];
  const { certificate, chain } = identity;
  const isApples = isIssuedByApple(certificate.x509, chain, []);
  return isApples ? [certificate.teamId] : [certificate.teamId, undefined];
}

function entitlementsIn({ signature }: SliceSignature): PlistDict {
  const xml = signature?.entitlementsXml;
  return xml === undefined ? newDict() : parsed(Buffer.from(xml));
}

const parsed = (xml: Uint8Array): PlistDict =>
  parsePlistDict(Buffer.from(xml), { name: 'entitlements', uniqueKeys: true });
