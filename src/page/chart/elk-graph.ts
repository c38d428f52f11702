import type { ElkExtendedEdge, ElkNode, LayoutOptions } from 'elkjs';
import { type ChartState, ROOT } from './chart.ts';
import { labelOf, shortened } from './labels.ts';
import type { Arrow, ChartView } from './view.ts';

/** A character of the monospace font that a chart is written in, at 12 and at 10 pixels. */
const NAME_CHARACTER_PX = 7.3;
const LABEL_CHARACTER_PX = 6.1;
const LABEL_HEIGHT_PX = 13;
const MAX_NAME_CHARACTERS = 34;
/** Before the name, and after it for a mark. */
const NAME_MARGIN_PX = 36;
const BOX_HEIGHT_PX = 28;
/** A second line says what is in it. */
const CLOSED_HEIGHT_PX = 44;
const CLOSED_WIDTH_PX = 132;

export const nameShown = ({ name }: ChartState): string => shortened(name, MAX_NAME_CHARACTERS);

const nameWidth = (state: ChartState): number => Math.ceil(nameShown(state).length * NAME_CHARACTER_PX);

/** What is to be laid out, in the format of ELK. */
export function elkGraphOf(view: ChartView): ElkNode {
  const inside = new Map<string, ChartState[]>();
  for (const state of view.shown) {
    const parent = state.parent ?? ROOT;
    inside.set(parent, [...(inside.get(parent) ?? []), state]);
  }
  const nodesIn = (path: string): ElkNode[] => (inside.get(path) ?? []).map(nodeOf);
  const nodeOf = (state: ChartState): ElkNode =>
    view.open.has(state.path) ? frameOf(state, nodesIn(state.path)) : boxOf(state);
  return {
    id: 'root',
    layoutOptions: { ...LAID_OUT, 'elk.padding': '[top=8,left=8,bottom=8,right=8]' },
    children: nodesIn(ROOT),
    edges: view.arrows.map((arrow) => edgeOf(arrow, leadsBack(view, arrow))),
  };
}

/** Said of each frame anew: what is in it does not inherit. */
const LAID_OUT: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.spacing.nodeNode': '14',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '8',
  'elk.spacing.edgeLabel': '3',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
};

function boxOf(state: ChartState): ElkNode {
  const isClosed = state.children.length > 0;
  return {
    id: state.path,
    width: Math.max(nameWidth(state) + NAME_MARGIN_PX, isClosed ? CLOSED_WIDTH_PX : 0),
    height: isClosed ? CLOSED_HEIGHT_PX : BOX_HEIGHT_PX,
  };
}

function frameOf(state: ChartState, children: ElkNode[]): ElkNode {
  const isParallel = state.kind === 'parallel';
  return {
    id: state.path,
    children: isParallel ? regionsOf(state.path, children) : children,
    layoutOptions: {
      ...LAID_OUT,
      ...(isParallel && { 'elk.layered.crossingMinimization.semiInteractive': 'true' }),
      'elk.padding': '[top=34,left=12,bottom=12,right=12]',
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${nameWidth(state) + 56},60)`,
    },
  };
}

/** Regions beside each other; the closed ones, which are small, in a column. */
function regionsOf(path: string, regions: readonly ElkNode[]): ElkNode[] {
  const closed = regions.filter(({ children }) => children === undefined);
  if (closed.length < 2 || closed.length === regions.length) return regions.map(besideEachOther);
  const open = regions.filter(({ children }) => children !== undefined);
  return [...open, columnOf(`${UNSEEN}${path}`, closed)].map(besideEachOther);
}

/** What has such an id is only there for the layout. */
export const UNSEEN = '#';

function columnOf(id: string, children: ElkNode[]): ElkNode {
  const edges = children.slice(1).map((node, index) => {
    const above = children[index]?.id ?? '';
    return { id: `${id} ${node.id}`, sources: [above], targets: [node.id] };
  });
  return {
    id,
    children,
    edges,
    layoutOptions: { ...LAID_OUT, 'elk.padding': '[top=0,left=0,bottom=0,right=0]' },
  };
}

/** In their order, with their upper edges in line. */
const besideEachOther = (node: ElkNode, index: number): ElkNode => ({
  ...node,
  layoutOptions: { ...node.layoutOptions, 'elk.position': `(${index * 1_000},0)`, 'elk.alignment': 'TOP' },
});

/**
 * States stand in the order of the way, and an arrow to an earlier one is a way back: ELK gets it the other way round,
 * so that it puts no state before those that lead to it. Its own strategy for that, by the order of the model, ends in
 * an exception where states are inside others (elkjs 0.12).
 */
export function leadsBack({ shown }: ChartView, { from, to }: Arrow): boolean {
  const order = (path: string) => shown.findIndex((state) => state.path === path);
  return order(from) > order(to);
}

function edgeOf(arrow: Arrow, isBack: boolean): ElkExtendedEdge {
  const text = labelOf(arrow);
  return {
    id: arrow.id,
    sources: [isBack ? arrow.to : arrow.from],
    targets: [isBack ? arrow.from : arrow.to],
    ...(text && {
      labels: [{ text, width: Math.ceil(text.length * LABEL_CHARACTER_PX), height: LABEL_HEIGHT_PX }],
    }),
  };
}
