import type { InquiryName } from '../channel/inquiries.ts';
import type { RunReport } from '../channel/messages.ts';
import type { InputOf, PortName, SaidBy } from '../channel/ports.ts';
import type { StepCall } from '../channel/run-setup.ts';
import { reporterFor } from '../step-report.ts';
import { checkArtifact } from '../steps/check-artifact.ts';
import { checkCredentials } from '../steps/check-credentials.ts';
import { codesign } from '../steps/codesign.ts';
import { compileAssets } from '../steps/compile-assets.ts';
import { compileIcon } from '../steps/compile-icon.ts';
import { deliverAhead, deliverArtifact, releaseDelivery } from '../steps/deliver-artifact.ts';
import { describeSignature } from '../steps/describe-signature.ts';
import { downloadBundle } from '../steps/download-bundle.ts';
import { drawIcons } from '../steps/draw-icons.ts';
import { findEarlierUpload } from '../steps/earlier-upload.ts';
import { embedProfile } from '../steps/embed-profile.ts';
import { inspectBundle } from '../steps/inspect-bundle.ts';
import { keepArtifact, recallArtifact } from '../steps/keep-artifact.ts';
import { keepProvenance } from '../steps/keep-provenance.ts';
import { layOutBundle } from '../steps/lay-out-bundle.ts';
import { learnToolchain } from '../steps/learn-toolchain.ts';
import { mergeInfoPlist } from '../steps/merge-info-plist.ts';
import * as notarize from '../steps/notarize-artifact.ts';
import type { NotaryScope } from '../steps/notary-session.ts';
import { packageArtifact } from '../steps/package-artifact.ts';
import * as publish from '../steps/publish-build.ts';
import { restoreApp } from '../steps/restore-app.ts';
import { fetchTicket, stapleTicket } from '../steps/staple-artifact.ts';
import type { GuestStepScope, StepScope } from '../steps/step.ts';
import { takeSignatures } from '../steps/take-signatures.ts';
import * as testflight from '../steps/testflight.ts';
import { transferBundle } from '../steps/transfer-bundle.ts';
import { updateBundle } from '../steps/update-bundle.ts';
import { validateStaple } from '../steps/validate-staple.ts';
import { verifySignature } from '../steps/verify-signature.ts';
import { type RunRoom, sessionOf } from './run-room.ts';

export interface StepContext {
  readonly signal: AbortSignal;
  readonly tell: (report: RunReport) => void;
}

/** One effect of a run. */
export type RunStep<P extends PortName> = (
  room: RunRoom,
  input: InputOf<P>,
  context: StepContext,
) => Promise<SaidBy<P>>;

/** The ports that are done by the process of a run; opening the run and its machine come before. */
export type StepPort = Exclude<PortName, 'beginRun' | 'beginFile' | 'connectGuest' | InquiryName>;
export type StepTable = { readonly [P in StepPort]: RunStep<P> };

/** A step that works on this host. */
export const step =
  <T>(run: (scope: StepScope) => Promise<T>) =>
  (room: RunRoom, call: StepCall, context: StepContext): Promise<T> =>
    run(scopeOf(room, call, context));

/** A step that needs the run's machine. */
const guestStep =
  <T>(run: (scope: GuestStepScope) => Promise<T>) =>
  async (room: RunRoom, call: StepCall, context: StepContext): Promise<T> =>
    run({ ...scopeOf(room, call, context), session: sessionOf(room), toolchain: call.toolchain });

/** A step that makes use of the machine as soon as it is there. */
const eagerStep =
  (run: (scope: StepScope) => Promise<void>) =>
  (room: RunRoom, call: StepCall, context: StepContext): Promise<void> =>
    run({ ...scopeOf(room, call, context), guest: () => room.session });

function scopeOf(
  { services, results }: RunRoom,
  { pass, claim }: StepCall,
  { signal, tell }: StepContext,
): StepScope {
  return { services, results, pass, claim, signal, report: reporterFor(tell, signal) };
}

/** An effect of the notarization or of the upload to App Store Connect. */
const effect =
  <TInput, T>(run: (scope: NotaryScope & publish.StoreScope, input: TInput) => Promise<T>) =>
  ({ services, results }: RunRoom, input: TInput, { signal }: StepContext): Promise<T> =>
    run({ services, results, signal }, input);

/** Every effect of a run whose bundle comes from the hub, and whose artifact goes there. */
export const hubSteps: StepTable = {
  downloadBundle: eagerStep(downloadBundle),
  inspectBundle: step(inspectBundle),
  checkCredentials: step(checkCredentials),
  recallArtifact: step(recallArtifact),
  drawIcons: step(drawIcons),
  mergeInfoPlist: step(mergeInfoPlist),
  learnToolchain: guestStep(learnToolchain),
  compileAssets: guestStep(compileAssets),
  compileIcon: step(compileIcon),
  layOutBundle: step(layOutBundle),
  embedProfile: step(embedProfile),
  transferBundle: guestStep(transferBundle),
  codesign: guestStep(codesign),
  takeSignatures: guestStep(takeSignatures),
  verifySignature: guestStep(verifySignature),
  packageArtifact: guestStep(packageArtifact),
  describeSignature: step(describeSignature),
  keepProvenance: (room, call, context) => keepProvenance(scopeOf(room, call, context), call),
  checkArtifact: step(checkArtifact),
  keepArtifact: (room, call, context) => keepArtifact(scopeOf(room, call, context), call.acceptedAs),
  restoreApp: step(restoreApp),
  updateBundle: guestStep(updateBundle),
  validateStaple: guestStep(validateStaple),
  findEarlierUpload: step(findEarlierUpload),
  deliverAhead: step(deliverAhead),
  releaseDelivery: step(releaseDelivery),
  deliverArtifact: step(deliverArtifact),
  findSubmission: effect(notarize.findSubmission),
  submitArtifact: effect(notarize.submitArtifact),
  seekSubmission: effect(notarize.seekSubmission),
  recordSubmission: effect(notarize.recordSubmission),
  forgetSubmission: effect(notarize.forgetSubmission),
  uploadArtifact: ({ services, results }, input, { signal, tell }) =>
    notarize.uploadArtifact({ services, results, signal }, input, (sentBytes) =>
      tell({ type: 'upload.progressed', sentBytes }),
    ),
  askVerdict: effect(notarize.askVerdict),
  fetchLog: effect(notarize.fetchLog),
  fetchTicket: effect(fetchTicket),
  stapleTicket: effect(stapleTicket),
  findApp: effect(publish.findAppId),
  reserveUpload: effect(publish.reserve),
  recordUpload: effect(publish.recordUpload),
  reserveFile: effect(publish.reserveParts),
  sendParts: effect(publish.sendParts),
  commitFile: effect(publish.commit),
  askUpload: effect(publish.askVerdict),
  findOwnBuild: effect(publish.findOwnBuild),
  checkGroups: effect(testflight.checkGroups),
  askBuild: effect(testflight.askBuild),
  answerCompliance: effect(testflight.answerCompliance),
  writeNotes: effect(testflight.writeNotes),
  joinGroups: effect(testflight.joinGroups),
  requestReview: effect(testflight.requestReview),
};
