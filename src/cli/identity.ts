import { forgetKeys, inspectP12 } from '../domain/identity/index.ts';
import { readTrustRoots } from '../files/disk/trust-roots.ts';
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
    const contents = inspectP12(bytes, password);
    forgetKeys(contents);
    const trustRoots = await readTrustRoots(process.env.PERRY_TRUST_ROOTS || undefined);
    const report = identityReport(contents, { now: new Date(), trustRoots });
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : identityText(report));
  });
}
