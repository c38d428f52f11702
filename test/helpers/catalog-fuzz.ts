import type { SeededRandom } from './soak-random.ts';

/** Numbers that readers stumble over. */
const ODD = [
  0, 1, 2, 3, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
];

type Mutation = (bytes: Buffer, random: SeededRandom) => Buffer;

/** Where a number of 32 bits that means something may begin. */
function placeIn(bytes: Buffer, random: SeededRandom): number {
  const index = clamp(bytes, bytes.readUInt32BE(16));
  const tag = ['tree', 'ISTC', 'MLEC', 'KCBC', 'SISM', 'tmfk', 'RATC', 'META', 'bvx2', 'bvx-', 'bvxn'];
  const found = bytes.indexOf(random.pick(tag), random.between(0, bytes.length - 1));
  const start = random.pick([0, index, clamp(bytes, bytes.readUInt32BE(24)), found < 0 ? 8 : found]);
  return clamp(bytes, start + 4 * random.between(0, random.pick([4, 12, 60])) + random.pick([0, 0, 0, 1, 2]));
}

const clamp = (bytes: Buffer, at: number): number => Math.max(0, Math.min(at, bytes.length - 4));

/** One slot of the index: address and length. */
function slotIn(bytes: Buffer, random: SeededRandom): number {
  const index = clamp(bytes, bytes.readUInt32BE(16));
  return clamp(bytes, index + 4 + 8 * random.between(0, 60));
}

const mutations: readonly Mutation[] = [
  /** A byte here and there. */
  (bytes, random) => {
    for (let left = random.between(1, 12); left > 0; left--)
      bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
    return bytes;
  },
  /** The end is missing. */
  (bytes, random) => bytes.subarray(0, random.between(0, bytes.length)),
  /** A count, length, pointer or number that no file has. */
  (bytes, random) => {
    const value = random.pick([...ODD, bytes.length, bytes.length - 1, random.between(0, bytes.length)]);
    if (random.next() < 0.5) bytes.writeUInt32BE(value >>> 0, placeIn(bytes, random));
    else bytes.writeUInt32LE(value >>> 0, placeIn(bytes, random));
    return bytes;
  },
  /** A pointer to another block: cycles in trees, keys that are values. */
  (bytes, random) => {
    for (let left = random.between(1, 6); left > 0; left--) {
      const node = bytes.indexOf('tree', random.between(0, bytes.length - 1));
      const at = node < 0 ? placeIn(bytes, random) : node + random.pick([8, 32, 36, 40, 44, 48, 52, 56]);
      bytes.writeUInt32BE(random.between(0, 40), clamp(bytes, at));
    }
    return bytes;
  },
  /** A leaf becomes a node above leaves, or the other way round. */
  (bytes, random) => {
    const node = bytes.indexOf('tree', random.between(0, bytes.length - 1));
    const at = clamp(bytes, (node < 0 ? 512 : node) + 32);
    bytes.writeUInt16BE(random.between(0, 1), at);
    bytes.writeUInt16BE(random.pick([0, 1, 2, 3, 500, 0xffff]), at + 2);
    return bytes;
  },
  /** Blocks over each other. */
  (bytes, random) => {
    for (let left = random.between(1, 8); left > 0; left--) {
      const [from, to] = [slotIn(bytes, random), slotIn(bytes, random)];
      bytes.copy(bytes, to, from, from + random.pick([4, 8]));
    }
    return bytes;
  },
  /** A stretch of the file over another one. */
  (bytes, random) => {
    const from = random.between(0, bytes.length - 1);
    bytes.copy(bytes, random.between(0, bytes.length - 1), from, from + random.between(1, 200));
    return bytes;
  },
];

/** A catalog with one to three kinds of damage. */
export function damaged(sound: Buffer, random: SeededRandom): Buffer {
  let bytes: Buffer = Buffer.from(sound);
  for (let left = random.between(1, 3); left > 0 && bytes.length >= 32; left--)
    bytes = random.pick(mutations)(bytes, random);
  return bytes;
}
