import { oidOf } from './asn1.ts';
import type { CodeDirectory } from './code-directory.ts';
import { malformed } from './malformed.ts';
import { type Problem, problem } from './problem.ts';
import { asDictionary, parsePlist } from './property-list.ts';
import type { SignedData } from './signed-data.ts';
import { digestName } from './signer.ts';

/**
 * Apple's two signed attributes with the hashes of all CodeDirectories: a plist of 20-byte hashes, and (for
 * newer systems) whole digests by algorithm. Only they bind the alternates to the signature.
 */
const CDHASHES = '1.2.840.113635.100.9.1';
const CDHASHES2 = '1.2.840.113635.100.9.2';
const MAX_PLIST_BYTES = 16 * 1024;

export function cdHashProblems(data: SignedData, directories: readonly CodeDirectory[]): Problem[] {
  const { signed } = data.signer;
  const hashes = plistHashes(signed.get(CDHASHES)?.children[0]?.content);
  const digests = signed.get(CDHASHES2)?.children.map((pair) => ({
    digest: digestName(oidOf(pair.children[0], 'CMS signature')),
    value: pair.children[1]?.content ?? Buffer.alloc(0),
  }));
  const needed = directories.length > 1;
  if (needed && !hashes && !digests)
    return [problem('CMS_DIGEST_WRONG', 'The CMS signature does not name the alternate CodeDirectories.')];
  const named = ({ cdHash, digest, hash }: CodeDirectory): boolean =>
    (hashes?.some((known) => known.equals(cdHash)) ?? true) &&
    (digests
      ?.filter((known) => known.digest === hash.algorithm)
      .every((known) => known.value.subarray(0, digest.length).equals(digest)) ??
      true);
  return directories
    .filter((directory) => !named(directory))
    .map(({ hash }) =>
      problem('CMS_DIGEST_WRONG', `The CMS signature names another ${hash.name} CodeDirectory.`),
    );
}

function plistHashes(bytes: Buffer | undefined): Buffer[] | undefined {
  if (!bytes) return undefined;
  if (bytes.length > MAX_PLIST_BYTES) throw malformed('CMS signature', 'its list of hashes is too long');
  const hashes = asDictionary(parsePlist(bytes, 'CMS signature'))?.cdhashes;
  if (!Array.isArray(hashes)) throw malformed('CMS signature', 'its list of hashes has no hashes');
  return hashes.filter((value) => Buffer.isBuffer(value));
}
