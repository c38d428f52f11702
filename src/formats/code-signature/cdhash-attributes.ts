import { oidOf } from '../asn1/node.ts';
import { apple, digestName } from '../asn1/oids.ts';
import type { CodeDirectory } from './code-directory.ts';
import { malformed, readingHostile } from './malformed.ts';
import { type Problem, problem } from './problem.ts';
import { asDictionary, parsePlist } from './property-list.ts';
import type { CodeSignedData } from './signer.ts';

const MAX_PLIST_BYTES = 16 * 1024;

/**
 * Apple's two signed attributes with the hashes of all CodeDirectories: a plist of 20-byte hashes, and (for
 * newer systems) whole digests by algorithm. Only they bind the alternates to the signature.
 */
export function cdHashProblems(data: CodeSignedData, directories: readonly CodeDirectory[]): Problem[] {
  const { signed } = data.signer;
  const hashes = plistHashes(signed.get(apple.cdHashes)?.children[0]?.content);
  const digests = signed.get(apple.cdHashes2)?.children.map((pair) => ({
    digest: digestName(readingHostile('CMS signature', () => oidOf(pair.children[0]))),
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
