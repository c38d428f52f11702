import { fromVariable } from './passwords.ts';
import { readFlagFile, usage } from './sign-files.ts';

/** The App Store Connect key; its text is secret and comes from a file or a variable. */
export interface KeyFlags {
  readonly apiKey?: string;
  readonly apiKeyEnv?: string;
  readonly keyId?: string;
  readonly issuerId?: string;
}

/** @throws ShipError COMMAND_USAGE_WRONG */
export function refuseHalfKey({ apiKey, apiKeyEnv, keyId, issuerId }: KeyFlags): void {
  if (apiKey !== undefined && apiKeyEnv !== undefined)
    throw usage('--api-key and --api-key-env exclude each other.', 'Both say what the key is.');
  const given = [apiKey ?? apiKeyEnv, keyId, issuerId].filter((flag) => flag !== undefined).length;
  if (given === 0 || given === 3) return;
  throw usage(
    '--api-key (or --api-key-env), --key-id and --issuer-id belong together.',
    `${given} of the three ${given === 1 ? 'is' : 'are'} given.`,
  );
}

/** As a hub would send it; secret. Nothing when no key is given. @throws ShipError COMMAND_USAGE_WRONG */
export async function apiKeyOf(flags: KeyFlags): Promise<Readonly<Record<string, unknown>>> {
  const { apiKey, apiKeyEnv, keyId, issuerId } = flags;
  const text =
    apiKeyEnv === undefined
      ? (await readFlagFile('--api-key', apiKey))?.toString('utf8')
      : fromVariable('--api-key-env', apiKeyEnv);
  return text === undefined ? {} : { apple_p8_key: text, apple_key_id: keyId, apple_issuer_id: issuerId };
}
