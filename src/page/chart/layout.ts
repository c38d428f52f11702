import type { ElkNode } from 'elkjs';
import { leadsBack, UNSEEN } from './elk-graph.ts';
import type { ChartView } from './view.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Where everything of a view is, in pixels from the upper left corner of the whole. */
export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<string, Box>;
  /** By the id of the arrow, from its source to its target. */
  readonly lines: ReadonlyMap<string, readonly Point[]>;
  readonly labels: ReadonlyMap<string, Box>;
}

/** Takes the places out of what ELK made: it says them from the corner of what each thing is in. */
export function layoutOf(view: ChartView, made: ElkNode): ChartLayout {
  const boxes = new Map<string, Box>();
  place(made, { x: 0, y: 0 }, boxes);
  const lines = new Map<string, readonly Point[]>();
  const labels = new Map<string, Box>();
  for (const edge of made.edges ?? []) {
    // ELK adds this to each edge, and its types do not say so
    const { container } = edge as { container?: string };
    const from = boxes.get(container ?? '') ?? { x: 0, y: 0 };
    const arrow = view.arrows.find(({ id }) => id === edge.id);
    const points = (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
      [startPoint, ...bendPoints, endPoint].map((point) => moved(point, from)),
    );
    if (arrow) lines.set(edge.id, leadsBack(view, arrow) ? points.reverse() : points);
    const [label] = edge.labels ?? [];
    if (label) labels.set(edge.id, boxAt(label, from));
  }
  return { width: made.width ?? 0, height: made.height ?? 0, boxes, lines, labels };
}

function place(node: ElkNode, corner: Point, boxes: Map<string, Box>): void {
  for (const child of node.children ?? []) {
    const box = boxAt(child, corner);
    if (!child.id.startsWith(UNSEEN)) boxes.set(child.id, box);
    place(child, box, boxes);
  }
}

const moved = ({ x, y }: Point, by: Point): Point => ({ x: x + by.x, y: y + by.y });

const boxAt = (shape: Partial<Box>, corner: Point): Box => ({
  ...moved({ x: shape.x ?? 0, y: shape.y ?? 0 }, corner),
  width: shape.width ?? 0,
  height: shape.height ?? 0,
});
