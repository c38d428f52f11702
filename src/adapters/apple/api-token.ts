import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { ShipError } from '../../errors.ts';

/** An App Store Connect API key as a user downloads it. */
export interface ApiKey {
  /** Ten letters and digits, the `XXX` of `AuthKey_XXX.p8`. */
  readonly keyId: string;
  /** UUID of the team; left out for a key that belongs to one person. */
  readonly issuerId?: string;
  /** PKCS#8 or SEC1 PEM. Secret. */
  readonly privateKeyPem: string;
}

export interface ApiTokenOptions {
  /** Limits each token to these requests, e.g. `["/notary/v2"]`; all that the key may do when left out. */
  readonly scope?: readonly string[];
  /** At most 20 minutes, which is all that Apple accepts. */
  readonly lifetimeSeconds?: number;
  /** Milliseconds since 1970; the clock of this host when left out. */
  readonly now?: () => number;
}

/** Tokens of one key, each used until shortly before it ends. Nothing of it is ever written anywhere. */
export interface ApiTokens {
  /** The token to send now. */
  current(): string;
  /** A new one in place of `refused`, unless that has happened already. */
  renewed(refused: string): string;
}

const MAX_LIFETIME_S = 20 * 60;
const DEFAULT_LIFETIME_S = 15 * 60;
/** A token that ends this soon is not sent any more: a request may wait in a queue. */
const MARGIN_S = 60;
/** Our clock may be ahead of Apple's by so much. */
const BACKDATED_S = 20;

/**
 * JSON Web Tokens for Apple's APIs (ES256, RFC 7518 3.4), signed here with the key held in memory.
 *
 * @throws ShipError APPLE_API_KEY_INVALID
 * @see https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests
 */
export function createApiTokens(key: ApiKey, options: ApiTokenOptions = {}): ApiTokens {
  const privateKey = readApiKey(key);
  const lifetimeS = Math.min(options.lifetimeSeconds ?? DEFAULT_LIFETIME_S, MAX_LIFETIME_S);
  const now = options.now ?? Date.now;
  let held = { token: '', usableUntilS: 0 };
  const make = (): string => {
    const issuedAtS = Math.floor(now() / 1000) - BACKDATED_S;
    const expiresAtS = issuedAtS + lifetimeS;
    held = {
      token: signed(key, privateKey, { iat: issuedAtS, exp: expiresAtS }, options.scope),
      usableUntilS: expiresAtS - MARGIN_S,
    };
    return held.token;
  };
  return {
    current: () => (now() / 1000 < held.usableUntilS ? held.token : make()),
    renewed: (refused) => (held.token === refused ? make() : held.token),
  };
}

/** @throws ShipError APPLE_API_KEY_INVALID */
export function readApiKey({ privateKeyPem, keyId }: ApiKey): KeyObject {
  try {
    const key = createPrivateKey(privateKeyPem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch {
    // the error of the library may quote the key
  }
  throw new ShipError('APPLE_API_KEY_INVALID', {
    summary: `The App Store Connect API key ${keyId} cannot be used.`,
    reason: 'It is not an elliptic-curve (P-256) private key in PEM form.',
    nextStep: 'Use the content of the AuthKey_….p8 file that App Store Connect gave, unchanged.',
  });
}

function signed(
  { keyId, issuerId }: ApiKey,
  key: KeyObject,
  times: { readonly iat: number; readonly exp: number },
  scope: readonly string[] | undefined,
): string {
  const owner = issuerId === undefined ? { sub: 'user' } : { iss: issuerId };
  const payload = { ...owner, ...times, aud: 'appstoreconnect-v1', ...(scope && { scope }) };
  const text = `${base64Url({ alg: 'ES256', kid: keyId, typ: 'JWT' })}.${base64Url(payload)}`;
  // r and s as 64 bytes: the DER form that is the default here is refused
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

const base64Url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
