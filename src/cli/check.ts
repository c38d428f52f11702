import { type Inquirer, withInquirer } from '../actors/inquiries.ts';
import { loadRunMemory } from '../config/load.ts';
import type { CheckCall } from '../run/channel/inquiries.ts';
import { jsonReport, textReport } from './check-report.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { bundleAndFlags, type ProjectFlags } from './project-file.ts';
import { requireBundle } from './sign-files.ts';
import {
  credentialsOf,
  entitlementsBase64Of,
  refuseContradictions,
  type SignFlags,
  tellUnusedInstaller,
  wishesOf,
} from './sign-request.ts';
import { trustRootsBase64 } from './trust-roots.ts';

export interface CheckFlags extends SignFlags, ProjectFlags {
  readonly json?: boolean;
}

/** The pre-flight by hand: exit 0 without an error, 1 with one, 2 when it was asked in a wrong way. */
export async function check(named: string | undefined, given: CheckFlags): Promise<void> {
  await interruptible(given, async (signal) => {
    const { bundle, ...flags } = await bundleAndFlags(named, given);
    const memory = loadRunMemory(process.env);
    const { findings, target } = await withInquirer({ memory }, async (inquirer) =>
      inquirer.ask('checkBundle', await callFor(bundle, flags, inquirer, signal), signal),
    );
    refuseContradictions(target, flags);
    tellUnusedInstaller(target, flags);
    const ok = findings.every(({ severity }) => severity !== 'error');
    process.stdout.write(
      flags.json ? jsonReport(ok, findings) : textReport({ ok, findings, target, ...flags }),
    );
    process.exitCode = ok ? exitCodes.done : exitCodes.failed;
  });
}

/** Reads the files that the flags name, as for signing. @throws ShipError COMMAND_USAGE_WRONG · CONFIG_INVALID */
async function callFor(
  bundle: string,
  flags: CheckFlags,
  inquirer: Inquirer,
  signal: AbortSignal,
): Promise<CheckCall> {
  const credentials = await credentialsOf(flags, inquirer, signal);
  const entitlements = await entitlementsBase64Of(flags);
  const roots = await trustRootsBase64();
  return {
    path: await requireBundle(bundle),
    name: bundle,
    scratchDir: inquirer.scratchDir,
    wishes: await wishesOf(flags),
    credentials,
    ...entitlements,
    looksIntoArchives: isForNotary(flags),
    trustRootsBase64: roots,
  };
}

/** A key alone means notarization, as for signing. */
const isForNotary = ({ distribute, apiKey, apiKeyEnv }: CheckFlags): boolean =>
  distribute === undefined
    ? (apiKey ?? apiKeyEnv) !== undefined
    : distribute === 'notarize' || distribute === 'both';
