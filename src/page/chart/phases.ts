import type { Chart, ChartState } from './chart.ts';

/** Groups of states inside one state, in the order of the way. */
interface Phases {
  readonly inside: string;
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

/**
 * The way of a job is one state with forty in it. These are the groups that a person looks for; a test holds them
 * against the chart, so that no state is left out.
 */
export const PHASES: Readonly<Record<string, Phases>> = {
  signJob: {
    inside: 'engaged.work.running',
    groups: {
      preparing: [
        'awaitingProcess',
        'downloading',
        'inspecting',
        'checkingCredentials',
        'recallingArtifact',
        'drawingIcons',
        'mergingInfoPlist',
      ],
      'with the machine': [
        'awaitingMachine',
        'askingForMachine',
        'enteringMachine',
        'learningToolchain',
        'equipped',
        'compilingAssets',
        'compilingIcon',
        'namingCatalog',
      ],
      signing: [
        'beginningPass',
        'layingOutBundle',
        'embeddingProfile',
        'transferring',
        'codesigning',
        'takingSignatures',
        'verifyingSignature',
      ],
      packaging: [
        'packaging',
        'recordingSignature',
        'checkingArtifact',
        'checkingWhileSending',
        'awaitingClaim',
        'recordingChange',
      ],
      notarizing: [
        'keepingArtifact',
        'readyToSubmit',
        'restoringApp',
        'notarizing',
        'stapled',
        'updatingBundle',
        'packagingAnew',
        'checkingRemade',
        'validatingStaple',
        'checkingStapled',
      ],
      'handing over': ['publishing', 'delivering', 'delivered', 'distributing'],
    },
  },
};

/** The same chart, with the groups of its states as states around them. Paths of states stay as they are. */
export function withPhases(chart: Chart): Chart {
  const phases = PHASES[chart.id];
  const inside = phases && chart.states.get(phases.inside);
  if (phases === undefined || inside === undefined) return chart;
  const groups = Object.entries(phases.groups).map(([name, members]) =>
    phaseOf(
      name,
      inside,
      members.map((member) => `${inside.path}.${member}`),
      chart,
    ),
  );
  const phaseAround = new Map(groups.flatMap(({ path, children }) => children.map((child) => [child, path])));
  const moved = [...chart.states.values()].map((state) => ({
    ...state,
    parent: phaseAround.get(state.path) ?? state.parent,
    ...(state === inside && { children: outermost(state.children, phaseAround) }),
  }));
  return { ...chart, states: new Map([...moved, ...groups].map((state) => [state.path, state])) };
}

const outermost = (children: readonly string[], phaseAround: ReadonlyMap<string, string>) => [
  ...new Set(children.map((child) => phaseAround.get(child) ?? child)),
];

function phaseOf(name: string, inside: ChartState, members: readonly string[], chart: Chart): ChartState {
  const children = members.filter((path) => chart.states.has(path));
  return {
    ...{ path: `${inside.path}/${name}`, name, kind: 'phase', parent: inside.path, children, does: [] },
    description: '',
    isInitial: children.some((path) => chart.states.get(path)?.isInitial),
  };
}
