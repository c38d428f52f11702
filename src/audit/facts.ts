import * as z from 'zod';
import { plain } from '../text.ts';
import { sha256 } from './chain-line.ts';

/** From outside: bounded, and nothing in it steers a terminal. */
const text = (maxLength: number) => z.string().max(maxLength).transform(plain);
const name = text(300);
const count = z.int().nonnegative();

/** How much of an app with very much code is told one by one; digests cover the rest. */
export const factLimits = {
  codes: 50,
  keys: 300,
  keyLength: 120,
  pathLength: 400,
  architectures: 8,
} as const;

const certificate = z.object({
  /** As OpenSSL prints it, in one line. */
  subject: text(1_000),
  /** Hexadecimal, as in the certificate. */
  serialNumber: z.string().regex(/^[0-9A-Fa-f]{1,100}$/),
  /** Of the certificate in DER. */
  sha256Hex: sha256,
  teamId: name.nullable(),
});

const code = z.object({
  /** In the app; empty for the app itself. */
  path: text(factLimits.pathLength),
  identifier: text(factLimits.pathLength),
  /** One for each architecture. */
  cdHashes: z
    .array(z.string().regex(/^[0-9a-f]{40}$/))
    .max(factLimits.architectures)
    .readonly(),
  /** Keys of its entitlements, of the first architecture. */
  entitlements: z.array(text(factLimits.keyLength)).max(factLimits.keys).readonly(),
  /** Of the entitlements as JSON, with keys in order and without blanks; data as base64, dates as ISO 8601. */
  entitlementsSha256Hex: sha256.nullable(),
});

/** What the process of a run says of what it has signed: digests, names and numbers, and nothing secret. */
export const signatureFacts = z.object({
  platform: z.enum(['macos', 'ios']),
  app: z.object({ name, bundleId: name, shortVersion: name.nullable(), version: name.nullable() }),
  /** The Xcode and SDK that made the bundle, as it says itself; null where it says nothing. */
  builtWith: z
    .object({
      ...{ xcode: name.nullable(), xcodeBuild: name.nullable() },
      ...{ sdk: name.nullable(), platformVersion: name.nullable() },
    })
    .nullable(),
  /** Null for an ad hoc signature. */
  identity: certificate.nullable(),
  /** Of the installer package, where one is made. */
  installer: certificate.nullable(),
  /** Null where none goes into the app. */
  profile: z.object({ uuid: name, name }).nullable(),
  /** `archive`: as it came from the hub, decoded; `tree`: the files of a bundle that was on this host. */
  received: z.object({ kind: z.enum(['archive', 'tree']), bytes: count, sha256Hex: sha256 }).nullable(),
  /** As read back from the signed app; null for one that was signed before a restart. */
  signed: z
    .object({
      count,
      /** Of a line `PATH CDHASH` for each architecture of each code, in the order of the report of `perry-ship verify`. */
      sha256Hex: sha256,
      /** The app itself, and what has entitlements. */
      codes: z.array(code).max(factLimits.codes).readonly(),
      /** With entitlements, and not told here. */
      leftOut: count,
    })
    .nullable(),
});

export type SignatureFacts = z.output<typeof signatureFacts>;
export type CertificateFacts = SignatureFacts['identity'];
