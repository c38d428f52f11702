import * as z from 'zod';
import type { IdentityReport } from '../../domain/identity/report.ts';
import type { BundleNames, SigningWishes } from '../../domain/manifest/index.ts';
import type { Finding } from '../../preflight/finding.ts';
import type { ArtifactReport } from '../../verify/report.ts';
import type { LocalBundle, SignTarget } from './run-setup.ts';

/** What the process is asked without a run: for the person who wants to know what is in files that others made. */

const LONGEST_TEXT = 64 * 1024;
const text = z.string().max(LONGEST_TEXT);
const nothing = z.unknown().transform((): void => {});
const target = z.enum(['macos-sign', 'ios-sign']);

/** A report in the form that its maker gives it; it is printed, and nothing else. */
const report = <T extends object>() =>
  z.custom<T>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

const sentences = { summary: text, reason: text, nextStep: text };
const finding = z.object({
  code: text,
  kind: z.enum(['input', 'host', 'upstream', 'defect']),
  severity: z.enum(['error', 'warning']),
  ...sentences,
  terminal: z
    .object({
      summary: text.exactOptional(),
      reason: text.exactOptional(),
      nextStep: text.exactOptional(),
    })
    .exactOptional(),
}) satisfies z.ZodType<Finding>;

/** What an Info.plist says of its bundle, as far as it is text. */
const names = z.object({
  bundleId: text.exactOptional(),
  version: text.exactOptional(),
  shortVersion: text.exactOptional(),
}) satisfies z.ZodType<BundleNames>;
const bundle = z.object({
  appPath: text,
  target,
  unpacked: z.object({ folder: text, sizeBytes: z.int().nonnegative() }).exactOptional(),
}) satisfies z.ZodType<LocalBundle>;

export const inquiryAnswers = {
  verifyArtifact: report<ArtifactReport>(),
  checkBundle: z.object({ target, findings: z.array(finding).readonly() }),
  /** Whether the password is the right one; one that is broken is opened by every password. */
  tryPassword: z.boolean(),
  listIdentities: report<IdentityReport>(),
  /** Refuses a profile and entitlements that cannot be read. */
  readSigningFiles: nothing,
  openBundle: z.object({ bundle, names }),
} as const satisfies Record<string, z.ZodType>;

export type InquiryName = keyof typeof inquiryAnswers;

export interface VerifyCall {
  /** Absolute. */
  readonly path: string;
  /** For what is unpacked on the way. */
  readonly scratchDir: string;
}

export interface CheckCall {
  /** Absolute: a folder, or an archive. */
  readonly path: string;
  /** As the person named it. */
  readonly name: string;
  /** For what is unpacked on the way. */
  readonly scratchDir: string;
  readonly wishes: SigningWishes;
  /** As a hub would send them; secret. */
  readonly credentials: Readonly<Record<string, unknown>>;
  /** Property list, base64. */
  readonly entitlementsBase64?: string;
  /** For what is notarized. */
  readonly looksIntoArchives: boolean;
  /** DER, base64. */
  readonly trustRootsBase64: readonly string[];
}

/** A PKCS#12 file, and what shall open it; both are secret. */
export interface P12Call {
  readonly p12Base64: string;
  readonly password: string;
}

export interface ListIdentitiesCall extends P12Call {
  /** DER, base64. */
  readonly trustRootsBase64: readonly string[];
}

export interface SigningFilesCall {
  /** Property list, base64. */
  readonly entitlementsBase64?: string;
  readonly profileBase64?: string;
}

export interface OpenBundleCall {
  /** Absolute: a folder, or an archive. */
  readonly path: string;
  /** For what is unpacked; of our own. */
  readonly dir: string;
  /** Left out: by the layout of the bundle. */
  readonly target?: SignTarget;
}

export interface InquiryInputs {
  readonly verifyArtifact: VerifyCall;
  readonly checkBundle: CheckCall;
  readonly tryPassword: P12Call;
  readonly listIdentities: ListIdentitiesCall;
  readonly readSigningFiles: SigningFilesCall;
  readonly openBundle: OpenBundleCall;
}

/** What answers; each is loaded when it is asked for. */
export type InquiryTable = {
  readonly [Name in InquiryName]: (
    input: InquiryInputs[Name],
    signal: AbortSignal,
  ) => Promise<z.input<(typeof inquiryAnswers)[Name]>>;
};
