import { parsePlistDict } from '../../plist/plist.ts';
import { isDict, type PlistValue, stringAt } from '../../plist/value.ts';
import { corrupt, demand } from './findings.ts';
import { type DataFork, type Partition, parseMish } from './mish.ts';

const MAX_PARTITIONS = 64;
/** hdiutil makes one of 256 KiB: 16,000 for an image of 4 GiB. */
const MAX_CHUNKS = 200_000;
/** Twice what can be signed. */
const MAX_UNFOLDED_BYTES = 8 * 2 ** 30;

/** The partitions that the property list of an image describes, in its order. */
export function partitionsOf(xml: Buffer, fork: DataFork): Partition[] {
  const resources = readResources(xml);
  demand(resources.length > 0, 'The property list names no partition.');
  demand(
    resources.length <= MAX_PARTITIONS,
    `The property list names ${resources.length} partitions, more than ${MAX_PARTITIONS}.`,
  );
  const partitions = resources.map((resource, index) => {
    demand(isDict(resource), `Partition ${index} of the property list is no dict.`);
    const bytes = resource.Data;
    demand(Buffer.isBuffer(bytes), `Partition ${index} of the property list has no block table.`);
    const name = stringAt(resource, 'Name') || stringAt(resource, 'CFName') || `partition ${index}`;
    return parseMish(bytes, name.slice(0, 80), fork);
  });
  checkCost(partitions, fork);
  return partitions;
}

/** Chunks that share their stored bytes would be read, and inflated, once for each. */
function checkCost(partitions: readonly Partition[], fork: DataFork): void {
  const chunks = partitions.flatMap((partition) => partition.chunks);
  const stored = chunks.filter(({ form }) => form !== 'empty');
  const sum = (field: 'storedBytes' | 'sizeBytes') =>
    stored.reduce((total, chunk) => total + chunk[field], 0);
  demand(chunks.length <= MAX_CHUNKS, `The image has ${chunks.length} chunks, more than ${MAX_CHUNKS}.`);
  demand(sum('storedBytes') <= fork.dataForkLength, 'Chunks of the image share their stored bytes.');
  demand(
    sum('sizeBytes') <= MAX_UNFOLDED_BYTES,
    `The image unfolds to ${sum('sizeBytes')} bytes, more than ${MAX_UNFOLDED_BYTES}.`,
  );
}

function readResources(xml: Buffer): readonly PlistValue[] {
  const fork = parsedOrCorrupt(xml)['resource-fork'];
  const resources = isDict(fork) ? fork.blkx : undefined;
  return Array.isArray(resources) ? resources : [];
}

function parsedOrCorrupt(xml: Buffer): ReturnType<typeof parsePlistDict> {
  try {
    return parsePlistDict(xml, { name: 'property list of the disk image' });
  } catch (error) {
    throw corrupt('The property list of the disk image cannot be parsed.', error);
  }
}
