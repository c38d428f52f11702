/** A PKCS#12 file and what opens it. Both are secret. */
export interface SuppliedP12 {
  readonly p12: Buffer;
  /** Empty when none was sent: the hub's command line drops empty passwords. */
  readonly password: string;
  /** Common name, or a part of it, of the identity to use. */
  readonly signingIdentity?: string;
}

/** What signing and publishing use of a job's credentials; everything else that came along is dropped. */
export interface Credentials {
  readonly teamId?: string;
  readonly apiKeyId?: string;
  readonly apiIssuerId?: string;
  /** App Store Connect private key, PEM. Secret. */
  readonly apiPrivateKeyPem?: string;
  readonly profile?: Buffer;
  readonly main?: SuppliedP12;
  /** Developer ID Application, sent only when both a store and a direct build are wanted. */
  readonly notarize?: SuppliedP12;
  /** Mac Installer Distribution. */
  readonly installer?: SuppliedP12;
}

/** Which credentials a job brought: enough to plan with, nothing secret. */
export interface CredentialsSummary {
  readonly hasMainP12: boolean;
  readonly hasNotarizeP12: boolean;
  readonly hasInstallerP12: boolean;
  readonly hasProfile: boolean;
  /** The profile is one for Developer ID: an app that is not for the store carries it. */
  readonly hasDeveloperIdProfile: boolean;
  /** Key id, issuer and private key are all there. */
  readonly hasApiKey: boolean;
  /** Fields of the API key that were not sent. */
  readonly apiKeyLacks: readonly string[];
}

/** By their form alone: what kind of profile was sent is not looked at. */
export const summarizeWithoutProfile = (credentials: Credentials): CredentialsSummary => ({
  hasMainP12: credentials.main !== undefined,
  hasNotarizeP12: credentials.notarize !== undefined,
  hasInstallerP12: credentials.installer !== undefined,
  hasProfile: credentials.profile !== undefined,
  hasDeveloperIdProfile: false,
  hasApiKey: apiKeyLacks(credentials).length === 0,
  apiKeyLacks: apiKeyLacks(credentials),
});

const apiKeyLacks = ({ apiKeyId, apiIssuerId, apiPrivateKeyPem }: Credentials): readonly string[] => [
  ...(apiKeyId ? [] : ['apple_key_id']),
  ...(apiIssuerId ? [] : ['apple_issuer_id']),
  ...(apiPrivateKeyPem ? [] : ['apple_p8_key']),
];
