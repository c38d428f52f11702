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
  const at = headerOf(head);
  if (at === undefined) return undefined;
  const [width, height] = [head.readUInt32BE(at + 8), head.readUInt32BE(at + 12)];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** Colour types with an alpha channel: grey and alpha, truecolour and alpha. */
const WITH_ALPHA = [4, 6];

/** Whether a PNG has an alpha channel, whatever is in it. @param head - as for `pngSize` */
export function pngHasAlpha(head: Buffer): boolean {
  const at = headerOf(head);
  return at !== undefined && WITH_ALPHA.includes(head[at + 17] ?? 0);
}

/** Offset of the IHDR chunk. */
function headerOf(head: Buffer): number | undefined {
  if (!head.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  let at = SIGNATURE.length;
  if (head.toString('latin1', at + 4, at + 8) === APPLE_CHUNK) at += 12 + head.readUInt32BE(at);
  return at + 18 <= head.length && head.toString('latin1', at + 4, at + 8) === 'IHDR' ? at : undefined;
}
