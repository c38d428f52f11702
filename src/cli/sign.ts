import type { AppleIds } from '../../machines/contracts/job.ts';
import { type Inquirer, withInquirer } from '../actors/inquiries.ts';
import { locateRcodesign } from '../adapters/rcodesign/locate.ts';
import { withEnvFile } from '../config/env-file.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { vmDrivers } from '../domain/vm-driver.ts';
import { type SignInput, type SignOutcome, signBundle } from '../sign/sign-bundle.ts';
import { renderReport } from '../verify/text.ts';
import { Interrupted } from './ask-password.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interruptible.ts';
import { JobDisplay } from './job-display.ts';
import { jsonText } from './print-json.ts';
import { bundleAndFlags, type ProjectFlags } from './project-file.ts';
import { requireBundle, usage } from './sign-files.ts';
import { foreseen, openForSigning } from './sign-input.ts';
import { readMaterial, type SignFlags } from './sign-request.ts';
import { endWith } from './tell-error.ts';
import { verifyApart } from './verify.ts';

export interface SignCommandFlags extends SignFlags, ProjectFlags {
  readonly driver?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly timestampUrl?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly envFile?: string;
}

/** Signs one bundle without a hub: exit 0 with the artifact, or that of the one error; 130 after Ctrl-C. */
export async function sign(named: string | undefined, given: SignCommandFlags): Promise<void> {
  const { quiet = false } = given;
  const display = new JobDisplay(process.stderr, { quiet });
  const onStop = () => display.line('  stopping: what was begun is being undone');
  await interruptible({ ...given, onStop }, async (signal) => {
    try {
      const { bundle, ...flags } = await bundleAndFlags(named, given);
      const path = await requireBundle(bundle);
      await foreseen(path, flags);
      const settings = await configOf(flags);
      const outcome = await withInquirer({ memory: settings.config }, (inquirer) =>
        run({ path, flags, settings, inquirer, display, signal }),
      );
      display.end();
      await conclude(outcome, { flags, settings, display, signal });
    } finally {
      display.end();
    }
  });
}

interface Signing {
  readonly path: string;
  readonly flags: SignCommandFlags;
  readonly settings: SignSettings;
  readonly inquirer: Inquirer;
  readonly display: JobDisplay;
  readonly signal: AbortSignal;
}

async function run({ path, flags, settings, inquirer, display, signal }: Signing): Promise<SignOutcome> {
  const { config, env } = settings;
  const material = await readMaterial(flags, inquirer, signal);
  if (vmDrivers[config.vmDriver].usesHostTools) {
    display.line('  the local driver isolates nothing: bundle and key share this host');
    // may build it from source, which takes minutes: said while it happens
    await locateRcodesign({ env, signal, onProgress: (line) => display.line(`  ${line}`) });
  }
  // what reads beforehand is gone before the job begins, and before its folder can go
  const open = (dir: string): Promise<SignInput> =>
    openForSigning(path, { dir, flags, inquirer, signal })
      .finally(() => inquirer.end())
      .then((opened) => ({ ...opened, ...material }));
  return signBundle({ config, env, open, onNote: (note) => display.show(note), signal });
}

/** Under the names that `notarize` and `publish` give them. */
const toldIds = ({ submissionIds, uploadId, buildId }: AppleIds) => ({
  ...(submissionIds.length > 0 && { submissionIds }),
  ...(uploadId !== null && { uploadId }),
  ...(buildId !== null && { buildId }),
});

interface SignSettings {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
}

/** The log is for those who ask for it; a person in front of a terminal is told by the display. */
async function configOf(flags: SignCommandFlags): Promise<SignSettings> {
  const { driver, envFile } = flags;
  const given = await withEnvFile(process.env, envFile);
  const env = {
    PERRY_LOG_LEVEL: 'silent',
    ...given,
    ...(driver && { PERRY_VM_DRIVER: driver }),
    ...timestampSettings(flags),
  };
  return { config: loadConfig(env).config, env };
}

/** Of two signatures it is for the one outside of the store, where Apple wants none. */
function timestampSettings({ timestampUrl, distribute }: SignCommandFlags): NodeJS.ProcessEnv {
  if (timestampUrl === undefined) return {};
  const isUsable =
    timestampUrl === 'none' ||
    (URL.canParse(timestampUrl) && /^https?:$/.test(new URL(timestampUrl).protocol));
  if (!isUsable)
    throw usage(
      '--timestamp-url must be an http:// or https:// address, or "none".',
      `It is ${JSON.stringify(timestampUrl)}.`,
    );
  return {
    PERRY_TIMESTAMP_URL: timestampUrl,
    ...(distribute !== 'both' && { PERRY_STORE_TIMESTAMP_URL: timestampUrl }),
  };
}

async function conclude(
  { conclusion, artifactPath, atApple, leakedVm }: SignOutcome,
  { flags, settings, display, signal }: Omit<Signing, 'path' | 'inquirer'>,
): Promise<void> {
  if (leakedVm !== undefined) process.stderr.write(`note: the machine ${leakedVm} could not be deleted\n`);
  if (conclusion.outcome === 'cancelled' && signal.aborted) throw new Interrupted(conclusion.failure);
  if (conclusion.outcome !== 'succeeded') {
    if (artifactPath !== undefined)
      process.stderr.write(`note: what was made before it is ${artifactPath}\n`);
    return endWith(conclusion.failure, flags);
  }
  if (artifactPath === undefined) throw new Error('a job succeeded and left no artifact');
  const report = await verifyApart(artifactPath, settings.config, signal);
  const durationMs = display.finish();
  const { stages } = display;
  const result = {
    ...{ ok: report.ok, artifact: artifactPath },
    ...(atApple && toldIds(atApple)),
    ...{ durationMs, stages, report },
  };
  const text = flags.json ? jsonText(result) : [...renderReport(report), artifactPath].join('\n');
  process.stdout.write(`${text}\n`);
  process.exitCode = report.ok ? exitCodes.done : exitCodes.failed;
}
