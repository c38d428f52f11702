import sharp from 'sharp';

export const ICON_PIXELS = 1024;

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1024 1024">
  <defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#5b8def"/><stop offset="1" stop-color="#2b3a8f"/>
  </linearGradient></defs>
  <rect width="1024" height="1024" rx="180" fill="url(#sky)"/>
  <path d="M232 640h560l-84 150q-20 34-60 34H376q-40 0-60-34z" fill="#fff"/>
  <path d="M500 210v390H270zM536 270v330h200z" fill="#fff" fill-opacity=".85"/>
</svg>`;

/** The icon of the demo apps, a ship; corners are transparent, as in what developers send. */
export const demoIcon = (pixels: number = ICON_PIXELS): Promise<Buffer> =>
  sharp(Buffer.from(svg)).resize(pixels, pixels).png().toBuffer();
