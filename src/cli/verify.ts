import { ShipError } from '../errors.ts';
import { renderReport } from '../verify/text.ts';
import { verifyArtifact } from '../verify/verify-artifact.ts';
import { exitCodes } from './exit-codes.ts';
import { tellError } from './tell-error.ts';

export interface VerifyFlags {
  readonly json?: boolean;
}

/** Prints what is inside an artifact and whether every seal holds: exit 0 · 1 with findings · 2 unreadable. */
export async function verify(artifact: string, { json = false }: VerifyFlags): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('the check was stopped'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const report = await verifyArtifact(artifact, { signal: stopping.signal });
    const text = json ? JSON.stringify(report, null, 2) : renderReport(report).join('\n');
    process.stdout.write(`${text}\n`);
    process.exitCode = report.ok ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (!(error instanceof ShipError)) throw error;
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, error: error.failure }, null, 2)}\n`);
    tellError(error);
    process.exitCode = exitCodes.wrongUsage;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
