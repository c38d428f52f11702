import { parsePlistDict } from '../formats/plist/index.ts';
import type { FileSetup, RunSetup } from '../run/channel/run-setup.ts';
import { hubSteps, type StepTable, step } from '../run/room/step-table.ts';
import { afterCheck, placeArtifact, placeFile } from '../sign/artifact-place.ts';
import { takeBundle } from '../sign/take-bundle.ts';

/** The effects of a run: without a hub, the bundle is on this host already, and the artifact stays here. */
export function stepsFor(setup: RunSetup | FileSetup): StepTable {
  if ('file' in setup) return { ...hubSteps, deliverArtifact: step(placeFile(setup.file.place)) };
  const { local } = setup;
  if (!local) return hubSteps;
  const { bundle, artifact, entitlementsBase64 } = local;
  const entitlements =
    entitlementsBase64 === undefined
      ? undefined
      : parsePlistDict(Buffer.from(entitlementsBase64, 'base64'), { name: 'entitlements', uniqueKeys: true });
  const { format } = artifact;
  const place = placeArtifact({ ...artifact });
  const wishes = { ...(entitlements && { entitlements }), ...(format && { format }) };
  return {
    ...hubSteps,
    downloadBundle: step(takeBundle(bundle, wishes)),
    deliverAhead: step(afterCheck(place)),
    deliverArtifact: step(place),
  };
}
