import type { KeyObject, X509Certificate } from 'node:crypto';

/** Signatures checked for one envelope; a chain of Apple's takes three. All of them take some milliseconds. */
const MAX_SIGNATURES = 64;
/** Longer keys, and public exponents beyond 32 bits, make one signature cost as much as thousands. */
const MAX_RSA_BITS = 8_192;
const MAX_RSA_EXPONENT = 2n ** 32n;

/**
 * Answers which certificate carries the signature of which, each pair once and only so many in all: certificates that
 * all name each other as their issuer would otherwise be tried in every order.
 */
export class IssuerChecks {
  #left = MAX_SIGNATURES;
  readonly #answers = new Map<X509Certificate, Map<X509Certificate, boolean>>();

  /** True when a question was left unanswered: those answers are "no". */
  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** @throws what node:crypto throws at a key that it does not know */
  isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
    const answers = this.#answers.get(certificate) ?? new Map<X509Certificate, boolean>();
    this.#answers.set(certificate, answers);
    const known = answers.get(issuer);
    if (known !== undefined) return known;
    this.#left -= 1;
    const answer = !this.isSpent && isCheap(issuer.publicKey) && certificate.verify(issuer.publicKey);
    answers.set(issuer, answer);
    return answer;
  }
}

/** Of keys that no authority signs with any more, only the sizes that were once in use. */
const MAX_DSA_BITS = 3_072;

function isCheap({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength = Number.POSITIVE_INFINITY, publicExponent = MAX_RSA_EXPONENT } =
    asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'dsa') return modulusLength <= MAX_DSA_BITS;
  if (!asymmetricKeyType?.startsWith('rsa')) return true;
  return modulusLength <= MAX_RSA_BITS && publicExponent < MAX_RSA_EXPONENT;
}
