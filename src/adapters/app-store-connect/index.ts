export { adviceFor, isDuplicate } from './advice.ts';
export {
  addToGroups,
  answerCompliance,
  createNotes,
  externalStateOf,
  findTestGroups,
  listNotes,
  primaryLocaleOf,
  requestReview,
  type TestGroup,
  updateNotes,
} from './beta-testing.ts';
export { findApp, findBuilds, isTaken, type KnownBuild, type StoreBuild } from './builds.ts';
export { type SendPartOptions, sendPart } from './send-part.ts';
export type { StoreAccess } from './store-call.ts';
export {
  askUpload,
  commitFile,
  findOpenUpload,
  reserveFile,
  reserveUpload,
  type StoreRemark,
  type UploadPart,
  type UploadState,
} from './uploads.ts';
