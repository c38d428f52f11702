import { parseProfile, profileKind } from '../profile/index.ts';
import { type Credentials, type CredentialsSummary, summarizeWithoutProfile } from './credentials.ts';

/** Looks into the profile, which the daemon does not: to be imported by itself, where profiles are read anyhow. */
export const summarizeCredentials = (credentials: Credentials): CredentialsSummary => ({
  ...summarizeWithoutProfile(credentials),
  hasDeveloperIdProfile: credentials.profile !== undefined && isForDeveloperId(credentials.profile),
});

/** One that cannot be read is for nothing; what uses it says so. */
function isForDeveloperId(profile: Buffer): boolean {
  try {
    return profileKind(parseProfile(profile)) === 'developer-id';
  } catch {
    return false;
  }
}
