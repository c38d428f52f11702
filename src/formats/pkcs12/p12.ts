import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type Asn1, Asn1Error, child, UnsupportedForm } from '../asn1/node.ts';
import { readAsn1 } from '../asn1/read.ts';
import { type Certificate, isIssuedBy, readCertificate } from './certificate.ts';
import { type Bags, openBags, plainContent } from './p12-bags.ts';
import type { Opener } from './p12-decrypt.ts';
import { keyMismatch, keyMissing, p12Invalid, passwordWrong } from './p12-errors.ts';
import { macFits } from './p12-mac.ts';
import { type PasswordForm, passwordForms } from './p12-password.ts';
import { KeyNeeded, PreparedKeys } from './prepared-keys.ts';
import { WorkBudget } from './work-budget.ts';

const MAX_P12_BYTES = 1024 * 1024;
const MAX_CHAIN = 8;

/** A certificate, the key that belongs to it, and its issuers as far as the file holds them. */
export interface SigningIdentity {
  readonly certificate: Certificate;
  /** PKCS#8 in PEM. Secret; a Buffer so that it can be overwritten after use. */
  readonly privateKeyPem: Buffer;
  /** DER, nearest issuer first. */
  readonly chain: readonly Buffer[];
}

export interface P12Contents {
  readonly identities: readonly SigningIdentity[];
  readonly certificatesWithoutKey: readonly Certificate[];
}

/**
 * Opens a PKCS#12 file (RFC 7292), DER or BER: with PBES2 (AES, 3DES) as OpenSSL 3 writes, with the older
 * 3DES and RC2 forms as Keychain Access writes, or with no encryption or integrity check at all.
 *
 * @throws ShipError P12_INVALID · P12_PASSWORD_WRONG · P12_KEY_MISSING · P12_KEY_MISMATCH
 */
export function openP12(p12: Buffer, password: string): P12Contents {
  const { keyCount, ...contents } = inspectP12(p12, password);
  const { identities, certificatesWithoutKey } = contents;
  if (keyCount === 0) throw keyMissing(certificatesWithoutKey);
  if (identities.length === 0) throw keyMismatch(certificatesWithoutKey);
  return contents;
}

export interface P12Inspection extends P12Contents {
  /** Private keys in the file, also those that no certificate belongs to. */
  readonly keyCount: number;
}

/**
 * As `openP12`, also for a file that nothing can be signed with.
 *
 * @throws ShipError P12_INVALID · P12_PASSWORD_WRONG
 */
export function inspectP12(p12: Buffer, password: string): P12Inspection {
  if (p12.length > MAX_P12_BYTES) throw p12Invalid('it has more than 1 MiB');
  const budget = new WorkBudget(preparedKeys.get(p12));
  try {
    return pairUpAndForget(unlock(envelopeOf(p12), passwordForms(password), budget));
  } finally {
    forgetPrepared(p12);
  }
}

/** Overwrites what `prepareP12` has left for a file that was not opened after all. */
export function forgetPrepared(p12: Buffer): void {
  preparedKeys.get(p12)?.forget();
  preparedKeys.delete(p12);
}

const preparedKeys = new WeakMap<Buffer, PreparedKeys>();

/**
 * Derives the keys that `openP12` will need for the same buffer and password, without holding up anything else in this
 * process; the file may ask for about a second of work. Says nothing about the file: that is for `openP12` to do.
 */
export async function prepareP12(p12: Buffer, password: string): Promise<void> {
  if (p12.length > MAX_P12_BYTES) return;
  const prepared = new PreparedKeys();
  preparedKeys.set(p12, prepared);
  for (let needed = keyNeeded(); needed; needed = keyNeeded())
    prepared.add(needed.keyName, await needed.derive());

  function keyNeeded(): KeyNeeded | undefined {
    try {
      const budget = new WorkBudget(prepared, { onlyPrepared: true });
      for (const key of unlock(envelopeOf(p12), passwordForms(password), budget).keys) key.fill(0);
      return undefined;
    } catch (error) {
      return error instanceof KeyNeeded ? error : undefined;
    }
  }
}

function pairUpAndForget(bags: Bags): P12Inspection {
  try {
    return pairUp(bags);
  } finally {
    for (const key of bags.keys) key.fill(0);
  }
}

interface Envelope {
  readonly content: Buffer;
  readonly macData?: Asn1;
}

function envelopeOf(p12: Buffer): Envelope {
  try {
    const pfx = readAsn1(p12, 'tolerant');
    const macData = pfx.children[2];
    return { content: plainContent(child(pfx, 1)), ...(macData && { macData }) };
  } catch (cause) {
    throw p12Invalid('its structure is not that of a PKCS#12 file', cause);
  }
}

function unlock(envelope: Envelope, forms: readonly PasswordForm[], budget: WorkBudget): Bags {
  return envelope.macData
    ? unlockChecked(envelope.content, envelope.macData, forms, budget)
    : unlockUnchecked(envelope.content, forms, budget);
}

/** The integrity value tells whether the password is right, and which of its forms. */
function unlockChecked(
  content: Buffer,
  macData: Asn1,
  [usual, ...rare]: readonly PasswordForm[],
  budget: WorkBudget,
): Bags {
  const fits = (password: PasswordForm): boolean => macFits(macData, content, { password, budget });
  const fitting =
    usual && attempt(() => fits(usual)) ? usual : rare.find((form) => fitsWithinBudget(form, fits));
  if (!fitting) throw passwordWrong();
  return attempt(() => openBags(content, { password: fitting, budget }));
}

/** The usual form was tried already: a file that leaves no budget for the rare one is a wrong password. */
function fitsWithinBudget(form: PasswordForm, fits: (form: PasswordForm) => boolean): boolean {
  try {
    return fits(form);
  } catch (error) {
    if (error instanceof KeyNeeded) throw error;
    return false;
  }
}

/** Without an integrity value the only sign of a wrong password is that what comes out makes no sense. */
function unlockUnchecked(content: Buffer, forms: readonly PasswordForm[], budget: WorkBudget): Bags {
  attempt(() => readAsn1(content, 'tolerant'));
  for (const password of forms) {
    const bags = tryOpen(content, { password, budget });
    if (bags) return bags;
  }
  throw passwordWrong();
}

function tryOpen(content: Buffer, opener: Opener): Bags | undefined {
  try {
    const bags = openBags(content, opener);
    // The padding of a wrong decryption is right once in 256 times; a key must be ASN.1 as well.
    for (const key of bags.keys) child(readAsn1(key, 'tolerant'), 2);
    return bags;
  } catch (error) {
    if (error instanceof KeyNeeded) throw error;
    if (error instanceof UnsupportedForm) throw p12Invalid(error.message, error);
    return undefined;
  }
}

/** Whatever the libraries throw at a broken file is a broken file. */
function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof KeyNeeded) throw cause;
    throw p12Invalid(cause instanceof Asn1Error ? cause.message : 'it is damaged', cause);
  }
}

function pairUp(bags: Bags): P12Inspection {
  const certificates = attempt(() => unique(bags.certificates.map(readCertificate)));
  const keys = attempt(() => bags.keys.map((key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' })));
  const keyByPublic = new Map(keys.map((key) => [publicForm(key), key]));
  const keyOf = (certificate: Certificate) => keyByPublic.get(certificate.publicKey.toString('base64'));
  const certificatesWithoutKey = certificates.filter((certificate) => !keyOf(certificate));
  const identities = certificates.flatMap((certificate) => {
    const key = keyOf(certificate);
    return key ? [identityOf(certificate, key, certificatesWithoutKey)] : [];
  });
  return { identities, certificatesWithoutKey, keyCount: keys.length };
}

const unique = (certificates: readonly Certificate[]): Certificate[] => [
  ...new Map(certificates.map((certificate) => [certificate.sha256Hex, certificate])).values(),
];

const publicForm = (key: KeyObject): string =>
  createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');

const identityOf = (
  certificate: Certificate,
  key: KeyObject,
  others: readonly Certificate[],
): SigningIdentity => ({
  certificate,
  privateKeyPem: Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })),
  chain: issuersOf(certificate, others).map(({ der }) => der),
});

function issuersOf(leaf: Certificate, others: readonly Certificate[]): Certificate[] {
  const chain: Certificate[] = [];
  const next = (): Certificate | undefined =>
    others.find((other) => !chain.includes(other) && isIssuedBy(chain.at(-1) ?? leaf, other));
  for (let issuer = next(); issuer && chain.length < MAX_CHAIN; issuer = next()) chain.push(issuer);
  return chain;
}

/** Overwrites the private keys. */
export function forgetKeys(contents: P12Contents): void {
  for (const identity of contents.identities) identity.privateKeyPem.fill(0);
}
