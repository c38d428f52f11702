import { forgetKeys, inspectP12, type P12Inspection } from '../domain/identity/index.ts';
import { ShipError } from '../errors.ts';
import { readTrustRoots } from '../files/disk/trust-roots.ts';
import { passwordFlags } from '../words.ts';
import { identityReport, identityText } from './identity-report.ts';
import { interruptible } from './interruptible.ts';
import { passwordFor } from './passwords.ts';
import { readFlagFile } from './sign-files.ts';

export interface IdentityFlags {
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
  readonly json?: boolean;
}

/** Lists what a PKCS#12 file holds: exit 0 when it can be read, whatever is in it. */
export async function identity(path: string, flags: IdentityFlags): Promise<void> {
  await interruptible(flags, async (signal) => {
    const bytes = await readFlagFile('this command', path);
    if (!bytes) throw new Error('a file was read and is not there');
    const password = await passwordFor(
      { path, bytes },
      {
        file: ['--password-file', flags.passwordFile],
        variable: ['--password-env', flags.passwordEnv],
      },
      signal,
    );
    const contents = inspected(bytes, password);
    forgetKeys(contents);
    const trustRoots = await readTrustRoots(process.env.PERRY_TRUST_ROOTS || undefined);
    const report = identityReport(contents, { now: new Date(), trustRoots });
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : identityText(report));
  });
}

/** @throws ShipError P12_INVALID · P12_PASSWORD_WRONG that names the flags of this command */
function inspected(bytes: Buffer, password: string): P12Inspection {
  try {
    return inspectP12(bytes, password);
  } catch (error) {
    if (!(error instanceof ShipError) || error.code !== 'P12_PASSWORD_WRONG') throw error;
    const { summary, reason } = error.failure;
    const nextStep = `${passwordFlags('--password')}.`;
    throw new ShipError('P12_PASSWORD_WRONG', { summary, reason, nextStep, cause: error });
  }
}
