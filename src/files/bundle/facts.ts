import {
  type BundleFacts,
  type BundleSurvey,
  type CatalogFault,
  type CodeFile,
  compareOsVersions,
  type MachOFile,
  type NestedBundle,
} from '../../domain/bundle/index.ts';
import { nearestIn } from '../../domain/bundle/nested-places.ts';
import { type PlistDict, plistFormat, stringAt } from '../../formats/plist/index.ts';
import type { TreeEntry } from '../disk/tree.ts';
import { embeddedProfilePath } from './leftovers.ts';
import { versionsOf } from './nested.ts';

const HIDES_ICON: ReadonlySet<CatalogFault['what']> = new Set([
  'empty',
  'unreadable',
  'icon missing',
  'icon unreadable',
]);

type Sound = BundleSurvey & { readonly tree: readonly TreeEntry[]; readonly infoBytes: Buffer };

/** What the steps of a job go by; undefined when a part of it could not be read. */
export function factsOf(found: Sound): BundleFacts | undefined {
  const { platform, layout, info, bundleId, executable, files, tree } = found;
  if (!layout || !info || bundleId === undefined || executable === undefined) return undefined;
  const main = found.code.get(executable);
  const minimumOs = main && lowestSystem(main);
  const profileName = embeddedProfilePath(platform);
  return {
    platform,
    layout: layout.layout,
    bundleId,
    ...versionsOf(info),
    ...builtWithIn(info),
    infoPlist: layout.infoPlist,
    infoFormat: plistFormat(found.infoBytes),
    resources: layout.resources,
    executable,
    executableKind: main ? 'macho' : 'script',
    architectures: main ? architecturesOf(main) : [],
    ...(minimumOs !== undefined && { minimumOs }),
    deviceFamilies: numbersIn(info.UIDeviceFamily),
    nested: found.nested,
    machOs: [...found.code].map(([path, macho]) => ({
      path,
      fileType: macho.slices[0]?.fileType ?? 'other',
      architectures: architecturesOf(macho),
      ...(macho.embeddedId !== undefined && { embeddedId: macho.embeddedId }),
      ...emptyRoomsOf(macho),
    })),
    exclusions: found.exclusions,
    signedFirst: signedFirst(found),
    finderLeftovers: found.finderLeftovers,
    strayFiles: found.strayFiles,
    hasAssetsCar: found.hasAssetsCar,
    lacksCatalogIcon: found.catalogFaults.some(({ isOfApp, what }) => isOfApp && HIDES_ICON.has(what)),
    wasSigned: [...files].some((path) => /(?:^|\/)_CodeSignature\/CodeResources$/.test(path)),
    ...(files.has(profileName) && { embeddedProfile: profileName }),
    fileCount: files.size,
    sizeBytes: tree.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.sizeBytes : 0), 0),
  };
}

/** rcodesign leaves all code alone that lies in an excluded folder, and seals it as it is. */
function signedFirst({ code, nested, executable, exclusions }: Sound): string[] {
  const executables = new Set([executable, ...nested.map((bundle) => bundle.executable)]);
  const excluded = new Set(exclusions);
  const folders = new Set([...exclusions, ...nested.flatMap(foldersOf)]);
  return [...code.keys()].filter((path) => {
    const folder = executables.has(path) ? undefined : nearestIn(folders, path);
    return folder !== undefined && excluded.has(folder);
  });
}

const foldersOf = ({ path, frameworkVersion }: NestedBundle): string[] =>
  frameworkVersion === undefined ? [path] : [path, `${path}/Versions/${frameworkVersion}`];

function emptyRoomsOf({ slices }: CodeFile): Pick<MachOFile, 'emptyRooms'> {
  const emptyRooms = slices.flatMap(({ offset, signature, hasEmptyRoom }) =>
    hasEmptyRoom && signature ? offset + signature.offset : [],
  );
  return emptyRooms.length > 0 ? { emptyRooms } : {};
}

const architecturesOf = ({ slices }: CodeFile): string[] => slices.map(({ architecture }) => architecture);

const lowestSystem = ({ slices }: CodeFile): string | undefined =>
  slices.flatMap(({ builds }) => builds.map(({ minimumOs }) => minimumOs)).sort(compareOsVersions)[0];

function builtWithIn(info: PlistDict): Pick<BundleFacts, 'builtWith'> {
  const said = (key: string) => stringAt(info, key) ?? null;
  const builtWith = {
    ...{ xcode: said('DTXcode'), xcodeBuild: said('DTXcodeBuild') },
    ...{ sdk: said('DTSDKName'), platformVersion: said('DTPlatformVersion') },
  };
  return Object.values(builtWith).some((value) => value !== null) ? { builtWith } : {};
}

const numbersIn = (value: unknown): number[] =>
  Array.isArray(value) ? value.map(Number).filter((item) => Number.isInteger(item)) : [];
