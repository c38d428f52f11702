export { codeRecordName, imageRecordName } from './record-name.ts';
export { looksLikeTicket, stapleApp, stapleImage } from './staple.ts';
export { lookupTicket } from './ticket.ts';
