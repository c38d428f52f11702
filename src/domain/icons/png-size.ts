const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Xcode puts a chunk of its own in front of the header when it rewrites pictures for iOS. */
const APPLE_CHUNK = 'CgBI';
/** As much of a file as `pngSize` looks at. */
export const PNG_HEAD_BYTES = 64;

/**
 * Width and height that a PNG announces in its IHDR (https://www.w3.org/TR/png-3/#11IHDR).
 *
 * @param head - the first `PNG_HEAD_BYTES` of the file
 * @returns undefined when it is no PNG
 */
export function pngSize(head: Buffer): { readonly width: number; readonly height: number } | undefined {
  if (!head.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  let at = SIGNATURE.length;
  if (head.toString('latin1', at + 4, at + 8) === APPLE_CHUNK) at += 12 + head.readUInt32BE(at);
  if (at + 16 > head.length || head.toString('latin1', at + 4, at + 8) !== 'IHDR') return undefined;
  const [width, height] = [head.readUInt32BE(at + 8), head.readUInt32BE(at + 12)];
  return width > 0 && height > 0 ? { width, height } : undefined;
}
