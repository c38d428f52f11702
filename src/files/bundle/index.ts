export type { BundleFacts, MachOFile, NestedBundle } from '../../domain/bundle/index.ts';
export { findArchivedCode } from './archived-code.ts';
export { decomposeNames } from './decompose-names.ts';
export { readEmbeddedProfile, writeEmbeddedProfile } from './embedded-profile.ts';
export { fillEmptyRooms } from './empty-rooms.ts';
export { readInfoPlist, type WriteInfoOptions, writeInfoPlist } from './info-plist.ts';
export { type InspectOptions, inspectBundle } from './inspect.ts';
export {
  removeEmbeddedProfile,
  removeFinderLeftovers,
  removeOldSignatures,
  takeSidecarEntitlements,
} from './leftovers.ts';
export { repairModes } from './modes.ts';
export { writeAssumedKeys } from './nested-info.ts';
export { readMachO } from './read-macho.ts';
export { brokenSurvey, surveyBundle } from './survey.ts';
export { makeSwiftSupport, SWIFT_SUPPORT } from './swift-support.ts';
