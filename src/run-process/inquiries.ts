import type { InquiryName, InquiryTable } from '../run/channel/inquiries.ts';
import type { Call } from '../run/room/call-server.ts';

/** What is asked is loaded when it is asked for. */
const inquiries: InquiryTable = {
  verifyArtifact: async (call, signal) =>
    (await import('../inquiries/verify-artifact.ts')).verify(call, signal),
  checkBundle: async (call, signal) =>
    (await import('../inquiries/check-bundle.ts')).checkBundle(call, signal),
  tryPassword: async (call) => (await import('../inquiries/identities.ts')).tryPassword(call),
  listIdentities: async (call) => (await import('../inquiries/identities.ts')).listIdentities(call),
  readSigningFiles: async (call) => (await import('../inquiries/signing-files.ts')).readSigningFiles(call),
  openBundle: async (call, signal) => (await import('../inquiries/open-bundle.ts')).openBundle(call, signal),
};

export async function answerInquiry({ port, input }: Call, signal: AbortSignal): Promise<unknown> {
  if (!Object.hasOwn(inquiries, port)) throw new Error(`there is no inquiry ${port}`);
  const inquiry = inquiries[port as InquiryName] as (input: unknown, signal: AbortSignal) => Promise<unknown>;
  return inquiry(input, signal);
}
