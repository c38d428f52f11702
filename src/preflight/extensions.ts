import type { NestedBundle } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { isDict, type PlistDict, stringAt } from '../formats/plist/index.ts';
import { type Finding, finding } from './finding.ts';
import type { Context } from './input.ts';

/** Where an app extension says what it extends: the older way, and that of ExtensionKit. */
const POINTS = [
  ['NSExtension', 'NSExtensionPointIdentifier'],
  ['EXAppExtensionAttributes', 'EXExtensionPointIdentifier'],
] as const;

/**
 * No store takes an app with an extension that extends nothing; a device does not install it, and macOS does not see
 * the extension.
 * https://developer.apple.com/documentation/bundleresources/information-property-list/nsextension
 */
export function extensionFindings(context: Context): Finding[] {
  return context.survey.nested.filter(({ kind }) => kind === 'appex').flatMap((one) => point(context, one));
}

function point({ survey, inStore }: Context, { path, infoPlist }: NestedBundle): Finding[] {
  const info = survey.nestedInfo.get(infoPlist);
  if (!info || hasPoint(info)) return [];
  return [
    finding('EXTENSION_POINT_MISSING', inStore, {
      summary: `${shown(path)} does not say what it extends.`,
      reason: `Its Info.plist has neither ${POINTS.map((keys) => keys.join('.')).join(' nor ')}.`,
      nextStep: 'Add the key of its extension point to the Info.plist of the extension, and build again.',
    }),
  ];
}

const hasPoint = (info: PlistDict): boolean =>
  POINTS.some(([key, identifier]) => {
    const attributes = info[key];
    return isDict(attributes) && Boolean(stringAt(attributes, identifier));
  });
