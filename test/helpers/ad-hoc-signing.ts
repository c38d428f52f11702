import { cp } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BundleFacts, BundleSurvey } from '../../src/domain/bundle/index.ts';
import {
  fillEmptyRooms,
  removeFinderLeftovers,
  repairModes,
  surveyBundle,
  writeAssumedKeys,
} from '../../src/files/bundle/index.ts';
import { newDict } from '../../src/formats/plist/index.ts';
import { type Finding, preflight } from '../../src/preflight/index.ts';
import { codesign } from '../../src/run/steps/codesign.ts';
import type { GuestStepScope } from '../../src/run/steps/step.ts';
import { type ReadApp, readApp } from '../../src/verify/read-app.ts';
import { localGuest } from './local-guest.ts';
import { rcodesignPath } from './rcodesign-fixtures.ts';

type Target = 'macos-sign' | 'ios-sign';
const signal = AbortSignal.timeout(120_000);

export interface Checked {
  readonly survey: BundleSurvey;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What `perry-ship check` says of a bundle alone. */
export async function checkApp(appPath: string, target: Target): Promise<Checked> {
  const survey = await surveyBundle(appPath, { target, signal });
  const findings = preflight({ target, distribution: 'package', survey, now: new Date() });
  const ofSeverity = (wanted: string) => findings.filter(({ severity }) => severity === wanted);
  return { survey, errors: ofSeverity('error'), warnings: ofSeverity('warning') };
}

/** Signs a copy of a bundle as a job does, ad hoc and by the real rcodesign, and reads what came of it. */
export async function signApp(
  appPath: string,
  survey: BundleSurvey,
): Promise<ReadApp & { readonly path: string }> {
  const { facts } = survey;
  if (!facts) throw new Error(`there are no facts: ${survey.faults.map(String).join('; ')}`);
  const path = join(dirname(appPath), 'signed', basename(appPath));
  await cp(appPath, path, { recursive: true, verbatimSymlinks: true });
  await repairModes(path, facts);
  await fillEmptyRooms(path, facts);
  await removeFinderLeftovers(path, facts);
  await writeAssumedKeys(path, facts);
  await codesign(scopeOf(path, facts));
  return { path, ...(await readApp(path, { path: '', signal })) };
}

/** As much of a job as signing asks for. */
function scopeOf(appPath: string, facts: BundleFacts): GuestStepScope {
  const pass = { container: 'pkg', hardenedRuntime: true, timestamp: 'direct', distribution: 'direct' };
  const results = {
    dir: dirname(appPath),
    found: { appPath, folderName: basename(appPath) },
    facts,
    guestAppPath: appPath,
    credentials: {},
    plan: { platform: facts.platform, passes: [pass] },
    materials: [{ entitlements: newDict() }],
  };
  const env = { PATH: `${dirname(rcodesignPath)}:${process.env.PATH}` };
  return {
    results,
    services: { config: { timestampUrl: 'none', storeTimestampUrl: 'none' } },
    session: localGuest({ cwd: dirname(appPath), env }),
    toolchain: 'portable',
    pass: 0,
    signal,
    report: { progress: () => {}, log: () => {} },
  } as unknown as GuestStepScope;
}
