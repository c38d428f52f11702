import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Box, ChartLayout } from './layout.ts';

interface Place {
  readonly current: HTMLElement | null;
}

/** Brings a state into sight when it is another one than before, or has another place. */
export function useFollow(place: Place, layout: ChartLayout | undefined, path: string, scale: number): void {
  const before = useRef<Box | undefined>(undefined);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element || !layout) return;
    const found = layout.boxes.get(path);
    if (!found || found === before.current) return;
    before.current = found;
    const { x, y, width, height } = found;
    element.scrollTo({
      left: (x + width / 2) * scale - element.clientWidth / 2,
      top: (y + height / 2) * scale - element.clientHeight / 2,
      behavior: 'auto',
    });
  }, [place, layout, path, scale]);
}
