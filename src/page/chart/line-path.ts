import type { Box, Point } from './layout.ts';

const RADIUS_PX = 5;

/** An SVG path along the points, with round corners. */
export function linePath(points: readonly Point[]): string {
  const [start, ...rest] = points;
  if (start === undefined) return '';
  const parts = [`M${at(start)}`];
  for (const [index, corner] of rest.entries()) {
    const before = points[index] ?? corner;
    const after = rest[index + 1];
    if (after === undefined) parts.push(`L${at(corner)}`);
    else parts.push(`L${at(towards(corner, before))}Q${at(corner)} ${at(towards(corner, after))}`);
  }
  return parts.join('');
}

const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;
const round = (value: number): number => Math.round(value * 10) / 10;

/** A little way from one point to another, at most half of it. */
function towards(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length === 0) return from;
  const part = Math.min(RADIUS_PX, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

/** A bow from the side of one box to the side of another. */
export function leapPath(from: Box, to: Box): string {
  const start = { x: from.x + from.width, y: from.y + Math.min(from.height / 2, 22) };
  const end = { x: to.x + to.width, y: to.y + Math.min(to.height / 2, 22) };
  const out = Math.max(start.x, end.x) + 40;
  return `M${at(start)}C${at({ x: out, y: start.y })} ${at({ x: out, y: end.y })} ${at(end)}`;
}
