export {
  buildPlist,
  isPortablePlist,
  type ParseOptions,
  type PlistFormat,
  parsePlist,
  parsePlistDict,
  plistFormat,
} from './plist.ts';
export {
  isDict,
  newDict,
  type PlistDict,
  PlistReal,
  type PlistValue,
  plistEquals,
  stringAt,
} from './value.ts';
