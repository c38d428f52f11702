import { foldUnit } from '../case-fold.ts';
import { nameOf, parentOf } from './catalog.ts';

/** Orders of keys, each as the technical note on the HFS+ format defines it. */
export type KeyOrder = (left: Buffer, right: Buffer) => number;

export const byFoldedName: KeyOrder = (left, right) =>
  parentOf(left) - parentOf(right) || compareFolded(nameOf(left), nameOf(right));

export const byBinaryName: KeyOrder = (left, right) =>
  parentOf(left) - parentOf(right) || compareUnits(nameOf(left), nameOf(right));

/** Fork type, padding, file id, first block: ordered by id, then fork, then block. */
export const byExtent: KeyOrder = (left, right) =>
  left.readUInt32BE(2) - right.readUInt32BE(2) ||
  left.readUInt8(0) - right.readUInt8(0) ||
  left.readUInt32BE(6) - right.readUInt32BE(6);

/** Padding, file id, first block, name: ordered by id, then name, then block. */
export const byAttribute: KeyOrder = (left, right) =>
  left.readUInt32BE(2) - right.readUInt32BE(2) ||
  Buffer.compare(left.subarray(12), right.subarray(12)) ||
  left.readUInt32BE(6) - right.readUInt32BE(6);

/** Walks both names at once and passes over what does not count, as the technical note's FastUnicodeCompare. */
function compareFolded(left: string, right: string): number {
  let [i, j] = [0, 0];
  for (;;) {
    const [a, nextI] = nextFolded(left, i);
    const [b, nextJ] = nextFolded(right, j);
    if (a !== b) return a - b;
    if (a === END) return 0;
    [i, j] = [nextI, nextJ];
  }
}

const END = 0;

function nextFolded(name: string, from: number): [unit: number, next: number] {
  for (let index = from; index < name.length; index++) {
    const unit = foldUnit(name.charCodeAt(index));
    if (unit >= 0) return [unit, index + 1];
  }
  return [END, name.length];
}

const compareUnits = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
