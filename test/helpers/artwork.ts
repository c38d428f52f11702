import sharp from 'sharp';

/** As icons are mostly drawn: gradients over the whole of it, a glow, and shapes with smooth edges. */
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="1024" height="1024"><defs>
<linearGradient id="sky" x2="1" y2="1"><stop offset="0" stop-color="#1b6cff"/><stop offset="1" stop-color="#ff3d7f"/></linearGradient>
<radialGradient id="glow"><stop offset="0" stop-color="#fff" stop-opacity=".9"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
</defs><rect width="1024" height="1024" fill="url(#sky)"/><circle cx="380" cy="340" r="420" fill="url(#glow)"/>
<path d="M300 700 L512 250 L724 700 Z" fill="#fff"/></svg>`;

/** An icon of 1024 pixels, opaque. */
export const seaside = (): Promise<Buffer> =>
  sharp(Buffer.from(drawing)).flatten({ background: '#fff' }).removeAlpha().png().toBuffer();

/** The same with the grain that a camera leaves in every pixel, from a fixed seed. */
export async function photograph(): Promise<Buffer> {
  const { data, info } = await sharp(await seaside())
    .raw()
    .toBuffer({ resolveWithObject: true });
  let seed = 1;
  const grainy = data.map((colour) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.max(0, Math.min(255, colour + ((seed >> 16) % 9) - 4));
  });
  const { width, height, channels } = info;
  return sharp(grainy, { raw: { width, height, channels } }).png().toBuffer();
}
