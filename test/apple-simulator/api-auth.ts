import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** An API key as Apple knows it. */
export interface KnownApiKey {
  readonly keyId: string;
  readonly issuerId: string;
  /** SPKI PEM; a private key in PEM does as well. */
  readonly publicKeyPem: string;
}

const MAX_LIFETIME_S = 20 * 60;
const MAX_SKEW_S = 60;

/** Judges bearer tokens as Apple does: signature, audience, times. */
export class ApiAuth {
  readonly #keys = new Map<string, { readonly issuerId: string; readonly key: KeyObject }>();
  /** Tokens that were good once and are refused now. */
  readonly #revoked = new Set<string>();
  #newest = '';

  constructor(keys: readonly KnownApiKey[]) {
    for (const { keyId, issuerId, publicKeyPem } of keys)
      this.#keys.set(keyId, { issuerId, key: createPublicKey(publicKeyPem) });
  }

  /** From now on, the newest token seen is refused. */
  revokeNewest(): void {
    this.#revoked.add(this.#newest);
  }

  /** Why a request is refused; undefined when it is not. */
  objection(request: IncomingMessage): string | undefined {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return 'no bearer token';
    this.#newest = token;
    if (this.#revoked.has(token)) return 'the token is revoked';
    const [head = '', payload = '', signature = ''] = token.split('.');
    const header = decoded(head);
    const known = this.#keys.get(String(header.kid));
    if (!known) return 'unknown key';
    if (header.alg !== 'ES256' || header.typ !== 'JWT') return 'not an ES256 JWT';
    const bytes = Buffer.from(signature, 'base64url');
    const isSigned =
      bytes.length === 64 &&
      verify(
        'sha256',
        Buffer.from(`${head}.${payload}`),
        { key: known.key, dsaEncoding: 'ieee-p1363' },
        bytes,
      );
    return isSigned ? objectionTo(decoded(payload), known.issuerId) : 'the signature does not hold';
  }
}

function objectionTo(claims: Record<string, unknown>, issuerId: string): string | undefined {
  const nowS = Date.now() / 1000;
  const { iss, aud, iat, exp } = claims;
  if (iss !== issuerId) return 'another issuer';
  if (aud !== 'appstoreconnect-v1') return 'another audience';
  if (typeof iat !== 'number' || typeof exp !== 'number') return 'no times';
  if (exp <= nowS) return 'expired';
  if (iat > nowS + MAX_SKEW_S) return 'from the future';
  return exp - iat > MAX_LIFETIME_S ? 'it lives longer than 20 minutes' : undefined;
}

function decoded(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}
