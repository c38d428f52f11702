export type {
  BuiltWith,
  BundleFacts,
  BundlePlatform,
  MachOFile,
  NestedBundle,
  NestedKind,
} from './facts.ts';
export { type MergeInput, type MergeResult, mergeInfoPlist } from './merge-info.ts';
export { compareOsVersions, isOsVersion } from './os-version.ts';
export type {
  ArchivedCode,
  ArchivedCodeLack,
  ArchivedCodeScan,
  BundleSurvey,
  CatalogFault,
  CodeFile,
  Layout,
  Picture,
  PrivacyManifest,
} from './survey.ts';
