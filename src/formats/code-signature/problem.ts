/** What a broken seal can be; the words for it are in the `message` of each problem. */
export type ProblemCode =
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_MALFORMED'
  | 'CODE_CHANGED'
  | 'CODE_UNSEALED'
  | 'SLOT_CHANGED'
  | 'SLOT_MISSING'
  | 'CMS_MISSING'
  | 'CMS_DIGEST_WRONG'
  | 'CMS_SIGNATURE_WRONG'
  | 'CERTIFICATE_WRONG'
  | 'TIMESTAMP_WRONG'
  | 'SEAL_MISSING'
  | 'SEAL_MALFORMED'
  | 'SEAL_WEAK'
  | 'FILE_CHANGED'
  | 'FILE_MISSING'
  | 'FILE_UNSEALED'
  | 'LINK_CHANGED'
  | 'LINK_ESCAPES'
  | 'NESTED_CHANGED'
  | 'BUNDLE_MALFORMED';

export interface Problem {
  readonly code: ProblemCode;
  /** One sentence in plain words, with the names and values; no absolute path. */
  readonly message: string;
}

/** A problem and where it is. */
export interface Finding extends Problem {
  /** Relative to what was checked, `/` between the parts; empty for the checked file itself. */
  readonly path: string;
}

export const problem = (code: ProblemCode, message: string): Problem => ({ code, message });
