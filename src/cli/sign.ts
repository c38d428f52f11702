import { resolve } from 'node:path';
import { type Failure, renderFailure } from '../../machines/contracts/failure.ts';
import { forAudience } from '../../machines/contracts/wording.ts';
import { locateRcodesign } from '../adapters/rcodesign/locate.ts';
import { withEnvFile } from '../config/env-file.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { ShipError } from '../errors.ts';
import { type SignOutcome, signBundle } from '../sign/sign-bundle.ts';
import type { ArtifactReport } from '../verify/report.ts';
import { renderReport } from '../verify/text.ts';
import { verifyArtifact } from '../verify/verify-artifact.ts';
import { Interrupted } from './ask-password.ts';
import { exitCodes } from './exit-codes.ts';
import { JobDisplay } from './job-display.ts';
import { readSignInput, type SignFlags } from './sign-request.ts';

export interface SignCommandFlags extends SignFlags {
  readonly driver?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly envFile?: string;
}

const STOPPED = 'the signing was stopped';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signs one bundle without a hub: exit 0 with the artifact · 1 with the one error · 2 for wrong usage. */
export async function sign(bundle: string, flags: SignCommandFlags): Promise<void> {
  const stopping = new AbortController();
  const display = new JobDisplay(process.stderr);
  const stop = () => {
    if (!stopping.signal.aborted) display.line('  stopping: what was begun is being undone');
    stopping.abort(new Error(STOPPED));
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    const outcome = await run(bundle, flags, display, stopping.signal);
    display.end();
    await conclude(outcome, flags, stopping.signal);
  } catch (error) {
    display.end();
    if (!stopping.signal.aborted && !(error instanceof Interrupted)) throw told(error, flags);
    fail(cancelled, flags);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}

async function run(
  bundle: string,
  flags: SignCommandFlags,
  display: JobDisplay,
  signal: AbortSignal,
): Promise<SignOutcome> {
  const { config, env } = await configOf(flags);
  const input = await readSignInput(bundle, flags, signal);
  if (config.vmDriver === 'local') {
    display.line('  the local driver isolates nothing: bundle and key share this host');
    // may build it from source, which takes minutes: said while it happens
    await locateRcodesign({ env, signal, onProgress: (line) => display.line(`  ${line}`) });
  }
  const { manifest, credentials, entitlements } = input;
  return signBundle({
    config,
    env,
    bundle: { path: resolve(bundle), ...(entitlements && { entitlements }) },
    manifest,
    credentials,
    out: flags.out ?? '.',
    onNote: (note) => display.show(note),
    signal,
  });
}

/** The log is for those who ask for it; a person in front of a terminal is told by the display. */
async function configOf({
  driver,
  envFile,
}: SignCommandFlags): Promise<{ config: Config; env: NodeJS.ProcessEnv }> {
  const given = await withEnvFile(process.env, envFile);
  const env = { PERRY_LOG_LEVEL: 'silent', ...given, ...(driver && { PERRY_VM_DRIVER: driver }) };
  return { config: loadConfig(env).config, env };
}

async function conclude(outcome: SignOutcome, flags: SignCommandFlags, signal: AbortSignal): Promise<void> {
  const { conclusion, artifactPath, leakedVm } = outcome;
  if (leakedVm !== undefined) process.stderr.write(`note: the machine ${leakedVm} could not be deleted\n`);
  if (conclusion.outcome !== 'succeeded') {
    if (artifactPath !== undefined)
      process.stderr.write(`note: what was made before it is ${artifactPath}\n`);
    return fail(conclusion.failure, flags);
  }
  if (artifactPath === undefined) throw new Error('a job succeeded and left no artifact');
  const report = await verifyArtifact(artifactPath, { signal });
  const text = flags.json ? json(artifactPath, report) : [...renderReport(report), artifactPath].join('\n');
  process.stdout.write(`${text}\n`);
  process.exitCode = report.ok ? exitCodes.done : exitCodes.failed;
}

const json = (path: string, report: ArtifactReport): string =>
  JSON.stringify({ ok: report.ok, artifact: path, report }, null, 2);

const cancelled: Pick<Failure, 'code'> & Partial<Failure> = { code: 'CANCELLED', summary: 'cancelled' };

function fail(failure: Pick<Failure, 'code'> & Partial<Failure>, { json: asJson }: SignCommandFlags): void {
  const { summary = '', reason = '', nextStep = '', code } = failure;
  if (asJson)
    process.stdout.write(
      `${JSON.stringify({ ok: false, error: forAudience(failure as Failure, 'terminal') }, null, 2)}\n`,
    );
  const text = renderFailure({ ...failure, summary, reason, nextStep } as Failure, 'terminal');
  process.stderr.write(`perry-ship: ${code}: ${text}\n`);
  if (failure.kind === 'defect')
    process.stderr.write('perry-ship: PERRY_LOG_LEVEL=debug shows the log of a run\n');
  process.exitCode = exitCodes.failed;
}

/** What is thrown is told by the caller, as for every command; a program gets it as JSON too. */
function told(error: unknown, { json: asJson }: SignCommandFlags): unknown {
  if (asJson && error instanceof ShipError)
    process.stdout.write(
      `${JSON.stringify({ ok: false, error: forAudience(error.failure, 'terminal') }, null, 2)}\n`,
    );
  return error;
}
