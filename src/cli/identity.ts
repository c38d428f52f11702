import { type Inquirer, withInquirer } from '../actors/inquiries.ts';
import { loadRunMemory } from '../config/load.ts';
import type { IdentityReport } from '../domain/identity/report.ts';
import { ShipError } from '../errors.ts';
import { passwordFlags } from '../words.ts';
import { identityText } from './identity-report.ts';
import { interruptible } from './interruptible.ts';
import { passwordFor } from './passwords.ts';
import { jsonText } from './print-json.ts';
import { readFlagFile } from './sign-files.ts';
import { trustRootsBase64 } from './trust-roots.ts';

export interface IdentityFlags {
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
  readonly json?: boolean;
}

/** Lists what a PKCS#12 file holds: exit 0 when it can be read, whatever is in it. */
export async function identity(path: string, flags: IdentityFlags): Promise<void> {
  await interruptible(flags, async (signal) => {
    const memory = loadRunMemory(process.env);
    const report = await withInquirer({ memory }, (inquirer) => list(path, flags, inquirer, signal));
    process.stdout.write(flags.json ? `${jsonText(report)}\n` : identityText(report));
  });
}

async function list(
  path: string,
  flags: IdentityFlags,
  inquirer: Inquirer,
  signal: AbortSignal,
): Promise<IdentityReport> {
  const bytes = await readFlagFile('this command', path);
  if (!bytes) throw new Error('a file was read and is not there');
  const password = await passwordFor(
    { path, bytes },
    {
      file: ['--password-file', flags.passwordFile],
      variable: ['--password-env', flags.passwordEnv],
    },
    inquirer,
    signal,
  );
  const p12Base64 = bytes.toString('base64');
  const roots = await trustRootsBase64();
  return inquirer
    .ask('listIdentities', { p12Base64, password, trustRootsBase64: roots }, signal)
    .catch((error: unknown) => {
      throw withOwnFlags(error);
    });
}

/** The flags of this command are others than those of signing. */
function withOwnFlags(error: unknown): unknown {
  if (!(error instanceof ShipError) || error.code !== 'P12_PASSWORD_WRONG') return error;
  const { summary, reason } = error.failure;
  const nextStep = `${passwordFlags('--password')}.`;
  return new ShipError('P12_PASSWORD_WRONG', { summary, reason, nextStep, cause: error });
}
