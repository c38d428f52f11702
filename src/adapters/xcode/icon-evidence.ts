import { isDict, type PlistDict, type PlistValue } from '../../formats/plist/index.ts';

/**
 * What is missing for an app icon that a store and a home screen find; `undefined` when all is there. The partial
 * Info.plist of actool names the icon and its loose files:
 *
 *     iOS    CFBundleIcons, CFBundleIcons~ipad = {CFBundlePrimaryIcon = {CFBundleIconFiles = [AppIcon60x60], CFBundleIconName = AppIcon}}
 *     macOS  CFBundleIconFile = AppIcon, CFBundleIconName = AppIcon
 *
 * @param files - what lies beside `Assets.car`
 */
export function missingIconEvidence(partialInfo: PlistDict, files: readonly string[]): string | undefined {
  if (!files.includes('Assets.car')) return 'It left no Assets.car.';
  const icons = [partialInfo, primaryIcon(partialInfo, ''), primaryIcon(partialInfo, '~ipad')];
  if (!icons.some((icon) => typeof icon?.CFBundleIconName === 'string'))
    return 'Its partial Info.plist does not name the app icon.';
  const named = icons.flatMap((icon) => [
    ...stringsOf(icon?.CFBundleIconFiles),
    ...stringsOf(icon?.CFBundleIconFile),
  ]);
  const absent = named.find((name) => !files.some((file) => file.startsWith(name)));
  return absent === undefined
    ? undefined
    : `Its partial Info.plist names "${absent}", and no such file is there.`;
}

function primaryIcon(info: PlistDict, device: '' | '~ipad'): PlistDict | undefined {
  const icons = info[`CFBundleIcons${device}`];
  const primary = isDict(icons) ? icons.CFBundlePrimaryIcon : undefined;
  return isDict(primary) ? primary : undefined;
}

const stringsOf = (value: PlistValue | undefined): string[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
