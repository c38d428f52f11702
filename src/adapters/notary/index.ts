export { type DeveloperLog, fetchDeveloperLog, readDeveloperLog } from './developer-log.ts';
export {
  askStatus,
  listSubmissions,
  type NotaryAccess,
  type NotaryStatus,
  type SubmissionFacts,
  submit,
  type UploadGrant,
} from './notary-api.ts';
export { type NotaryUpload, uploadForNotarization } from './upload.ts';
