export { packageRecordName, staplePackage } from './package.ts';
export { codeRecordName, imageRecordName } from './record-name.ts';
export { stapleApp, stapleImage, TICKET_PATH } from './staple.ts';
