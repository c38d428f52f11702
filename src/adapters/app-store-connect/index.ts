export { adviceFor, isDuplicate } from './advice.ts';
export { type SendPartOptions, sendPart } from './send-part.ts';
export {
  askUpload,
  commitFile,
  findApp,
  findBuild,
  findOpenUpload,
  type KnownBuild,
  reserveFile,
  reserveUpload,
  type StoreAccess,
  type StoreBuild,
  type StoreRemark,
  type UploadPart,
  type UploadState,
} from './store-api.ts';
