export {
  type Credentials,
  type CredentialsSummary,
  type SuppliedP12,
  summarizeWithoutProfile,
} from './credentials.ts';
export { parseCredentials } from './parse.ts';
export { knownCredentials, refuseToldPasswords, secretsIn } from './secrets.ts';
