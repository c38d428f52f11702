import type { SignatureFacts } from '../files/code-signature/index.ts';
import type { CmsFacts } from '../formats/code-signature/cms.ts';
import {
  isDict,
  type PlistDict,
  PlistReal,
  type PlistValue,
  parsePlistDict,
} from '../formats/plist/index.ts';
import type { SignatureSummary, SignerSummary } from './report.ts';

export function summarizeSignature(facts: SignatureFacts): SignatureSummary {
  const { architecture, runtimeVersion, teamId, cms } = facts;
  const entitlements = entitlementsOf(facts);
  return {
    ...(architecture !== '' && { architecture }),
    identifier: facts.identifier,
    cdHash: facts.cdHash,
    digests: facts.digests,
    flags: facts.flags,
    adHoc: facts.adHoc,
    hardenedRuntime: facts.hardenedRuntime,
    ...(runtimeVersion !== undefined && { runtimeVersion }),
    ...(teamId !== undefined && { teamId }),
    ...(cms && signerOf(cms)),
    ...(entitlements && { entitlements: jsonOf(entitlements) as Record<string, unknown> }),
  };
}

export function signerOf({ signer, anchor, signingTime, timestamp }: CmsFacts): { signer?: SignerSummary } {
  if (!signer) return {};
  return {
    signer: {
      name: signer.commonName,
      ...(signer.teamId !== undefined && { teamId: signer.teamId }),
      issuer: signer.issuerCommonName,
      notAfter: iso(signer.notAfter),
      certificateSha256: signer.sha256Hex,
      anchor,
      ...(signingTime && { signedAt: iso(signingTime) }),
      ...(timestamp && { timestamp: iso(timestamp.time) }),
    },
  };
}

/** Nothing when the code has none, or none that can be read: their digest is checked with the signature. */
export function entitlementsOf({ entitlementsXml }: SignatureFacts): PlistDict | undefined {
  if (entitlementsXml === undefined) return undefined;
  try {
    return parsePlistDict(Buffer.from(entitlementsXml), { name: 'entitlements', uniqueKeys: true });
  } catch {
    return undefined;
  }
}

export const iso = (date: Date): string => (Number.isNaN(date.getTime()) ? '' : date.toISOString());

function jsonOf(value: PlistValue): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (value instanceof Date) return iso(value);
  if (value instanceof PlistReal) return value.value;
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (isDict(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]));
  return value;
}
