import { posix } from 'node:path';
import type { BundlePlatform, NestedBundle } from '../../domain/bundle/index.ts';
import { baseOf, isProgramKind, type NestedPlace } from '../../domain/bundle/nested-places.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { isCodeIdentifier } from '../../domain/code-signature/code-identifier.ts';
import { type PlistDict, stringAt } from '../../formats/plist/index.ts';
import { bundleIdOf } from './identity.ts';

interface Named {
  readonly place: NestedPlace;
  readonly info: PlistDict;
  readonly executable: string;
  readonly platform: BundlePlatform;
}

export interface NestedIdentity extends Pick<NestedBundle, 'bundleId' | 'assumed'> {
  readonly remark?: string;
}

/**
 * Under which name a nested bundle is signed. Without one of its own it is that of its program, as with codesign.
 *
 * @throws ShipError BUNDLE_INFO_PLIST_INCOMPLETE for an iOS program or framework, which is not installed with another
 */
export function identityOf({ place, info, executable, platform }: Named): NestedIdentity {
  if (platform === 'ios' && (isProgramKind(place.kind) || place.kind === 'framework'))
    return { bundleId: bundleIdOf(info, place.infoPlist) };
  const own = stringAt(info, 'CFBundleIdentifier') ?? '';
  const program = baseOf(executable);
  const bundleId = isCodeIdentifier(own) ? own : nameOfProgram(program);
  const assumed = {
    ...(bundleId !== own && { CFBundleIdentifier: bundleId }),
    ...(stringAt(info, 'CFBundleExecutable') === undefined && { CFBundleExecutable: program }),
  };
  if (Object.keys(assumed).length === 0) return { bundleId };
  const lacking = Object.entries(assumed).map(([key, value]) => `${key} ${shown(value)}`);
  const remark = `${shown(place.infoPlist)} is given ${lacking.join(' and ')}, which codesign assumes without it.`;
  return { bundleId, assumed, remark };
}

const nameOfProgram = (program: string): string => {
  const { name } = posix.parse(program);
  return isCodeIdentifier(name) ? name : 'code';
};
