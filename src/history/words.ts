import { duration } from '../observability/columns.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** `0.42 s`, `12.3 s`, `3 min 20 s`. */
export function took(ms: number): string {
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(2)} s`;
  return ms < MINUTE_MS ? `${(ms / SECOND_MS).toFixed(1)} s` : duration(Math.round(ms / SECOND_MS));
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB'];

/** `7 bytes`, `12.3 MiB`. */
export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(bytes || 1) / 10)));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`;
}

/** In the time of this host: `2026-11-30 03:05:12`. */
export const moment = (atMs: number): string => new Date(atMs).toLocaleString('sv-SE');
/** `03:05:12`. */
export const clock = (atMs: number): string => new Date(atMs).toLocaleTimeString('sv-SE');
