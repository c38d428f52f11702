/** One certificate of a PKCS#12 file, and what it can be used for. */
export interface ListedIdentity {
  readonly name: string;
  /** What Apple issued it for, by its marks or else by its name; empty when neither tells. */
  readonly kinds: readonly string[];
  readonly teamId: string | null;
  /** Hexadecimal, as Apple's tools show it. */
  readonly serial: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly sha256: string;
  readonly keyType: string;
  readonly hasKey: boolean;
  readonly issuedByApple: boolean;
  /** By a root that PERRY_TRUST_ROOTS names, and not by Apple. */
  readonly issuedByOwnRoot: boolean;
  readonly usableFor: readonly string[];
  readonly odd: readonly string[];
}

export interface IdentityReport {
  /** Something in it can sign. */
  readonly ok: boolean;
  readonly identities: readonly ListedIdentity[];
  readonly certificatesWithoutKey: readonly ListedIdentity[];
  /** Of the file as a whole. */
  readonly odd: readonly string[];
}
