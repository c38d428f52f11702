import type { Box, ChartLayout } from './layout.ts';

/** Keys that go from one state to another, as steps to the right and down. */
const DIRECTIONS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

export const isDirection = (key: string): boolean => Object.hasOwn(DIRECTIONS, key);

/** How much farther a state seems that is not straight ahead. */
const SIDEWAYS = 2;

/** The state that an arrow key leads to from this one: the nearest one that way. */
export function nearest({ boxes }: ChartLayout, from: string, key: string): string | undefined {
  const start = boxes.get(from);
  const [x, y] = DIRECTIONS[key] ?? [0, 0];
  if (start === undefined) return undefined;
  const at = handleOf(start);
  const [found] = [...boxes]
    .map(([path, box]) => {
      const to = handleOf(box);
      const ahead = (to.x - at.x) * x + (to.y - at.y) * y;
      const aside = Math.abs((to.x - at.x) * y) + Math.abs((to.y - at.y) * x);
      return { path, ahead, far: ahead + aside * SIDEWAYS };
    })
    .filter(({ path, ahead }) => path !== from && ahead > 1)
    .sort((one, other) => one.far - other.far);
  return found?.path;
}

/** Where the name of a state stands. */
const handleOf = ({ x, y, width }: Box) => ({ x: x + Math.min(width, 120) / 2, y: y + 14 });
