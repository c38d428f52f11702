const SEED = 0x189d7n;
const FACTOR = 33n;

/**
 * The identifier that CoreUI computes from the name of an asset: a hash of 64 bits over its UTF-8, folded to 16.
 *
 * @returns e.g. 6849 for `AppIcon`
 */
export function identifierOf(name: string): number {
  let hash = SEED;
  for (const byte of Buffer.from(name, 'utf8')) hash = BigInt.asUintN(64, hash * FACTOR + BigInt(byte));
  let identifier = 0n;
  for (let shift = 0n; shift < 64n; shift += 16n)
    identifier = BigInt.asUintN(16, identifier * FACTOR + ((hash >> shift) & 0xffffn));
  return Number(identifier);
}
