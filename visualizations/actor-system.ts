import type { AnyStateMachine } from 'xstate';

interface Node {
  readonly id: string;
  /** As Mermaid writes the shape and its text. */
  readonly shape: string;
}

/** Charts by the name of their page, and whoever else sends them events or is used by them. */
const nodes = {
  hub: { id: 'hub', shape: '([Perry hub])' },
  operator: { id: 'operator', shape: '([signals and control socket])' },
  command: { id: 'command', shape: '([a command of the terminal])' },
  supervisor: { id: 'supervisor', shape: '[supervisor]' },
  'hub-connection': { id: 'connection', shape: '[hub-connection]' },
  socket: { id: 'socket', shape: '[(hubSocket)]' },
  'interrupted-jobs': { id: 'interrupted', shape: '[interrupted-jobs]' },
  watch: { id: 'watch', shape: '[(watchJob)]' },
  'vm-pool': { id: 'pool', shape: '[vm-pool]' },
  'lone-signer': { id: 'lone', shape: '["lone-signer (perry-ship sign)"]' },
  'lone-file': { id: 'file', shape: '["lone-file (perry-ship notarize, staple, publish)"]' },
  'sign-job': { id: 'job', shape: '["sign-job (one for each assignment)"]' },
  process: { id: 'process', shape: '[(process of the run)]' },
  'vm-lifecycle': { id: 'vm', shape: '["vm-lifecycle (one for each machine)"]' },
  machine: { id: 'machine', shape: '[(VM driver and guest)]' },
  'cluster-machine': { id: 'cluster', shape: '["cluster-machine (one for each machine of a cluster)"]' },
  'cluster-look': { id: 'look', shape: '["cluster-look (one question for all machines)"]' },
  'cluster-capacity': { id: 'capacity', shape: '[cluster-capacity]' },
  notarization: { id: 'notarization', shape: '[notarization]' },
  'store-upload': { id: 'store', shape: '[store-upload]' },
  testflight: { id: 'testflight', shape: '[testflight]' },
  'image-build': { id: 'image', shape: '["image-build (perry-ship image build)"]' },
  'qemu-image-build': { id: 'qemuImage', shape: '["qemu-image-build (perry-ship image build)"]' },
  'image-check': { id: 'trial', shape: '["image-check (perry-ship image check)"]' },
  registry: { id: 'registry', shape: '[(registry of the base image)]' },
  inquiry: { id: 'inquiry', shape: '[inquiry]' },
  'status-watch': { id: 'status', shape: '[status-watch]' },
  upgrade: { id: 'upgrade', shape: '["upgrade (perry-ship upgrade)"]' },
  'daemon-watch': { id: 'daemonWatch', shape: '[daemon-watch]' },
  page: { id: 'page', shape: '((page))' },
  'page-feed': { id: 'feed', shape: '[page-feed]' },
  'viewer-watch': { id: 'viewerWatch', shape: '["viewer-watch (one for each page)"]' },
  'alarm-watch': { id: 'alarmWatch', shape: '[alarm-watch]' },
  alarm: { id: 'alarm', shape: '["alarm (one for each thing to be told)"]' },
  'alarm-delivery': { id: 'delivery', shape: '["alarm-delivery (one for each way)"]' },
  'account-watch': { id: 'accountWatch', shape: '[account-watch]' },
  told: { id: 'told', shape: '([command or webhook of the operator])' },
} as const satisfies Readonly<Record<string, Node>>;

interface Arrow {
  readonly from: keyof typeof nodes;
  readonly to: keyof typeof nodes;
  /** Those that the chart at the end of the arrow acts on. */
  readonly events?: readonly string[];
  /** What passes where it is no event of a chart. */
  readonly says?: string;
}

/** Who tells whom what. A test compares it with the events that each chart takes. */
export const arrows: readonly Arrow[] = [
  { from: 'hub', to: 'socket', says: 'WebSocket frames' },
  {
    from: 'socket',
    to: 'hub-connection',
    events: ['socket.opened', 'socket.received', 'socket.heard', 'socket.confirmed', 'socket.lost'],
  },
  {
    from: 'hub-connection',
    to: 'socket',
    says: 'socket.hello · socket.deliver · socket.declineUpdate · socket.beat · socket.close · socket.hangUp',
  },
  {
    from: 'hub-connection',
    to: 'supervisor',
    events: [
      ...['hub.linkUp', 'hub.linkLost', 'hub.refused'],
      ...['hub.jobAssigned', 'hub.jobMalformed', 'hub.cancelRequested'],
    ],
  },
  {
    from: 'supervisor',
    to: 'hub-connection',
    events: [
      ...['hub.report', 'hub.claimConfirmed', 'hub.jobDropped', 'hub.jobUnwanted'],
      ...[
        'hub.intakeClosed',
        'hub.intakePaused',
        'hub.intakeResumed',
        'hub.slotsChanged',
        'hub.closeRequested',
      ],
    ],
  },
  {
    from: 'operator',
    to: 'supervisor',
    events: [
      'yield.requested',
      'yield.withdrawn',
      'pause.requested',
      'resume.requested',
      'drain.requested',
      'shutdown.requested',
      'job.cancelRequested',
    ],
  },
  {
    from: 'supervisor',
    to: 'interrupted-jobs',
    events: ['hub.linkUp', 'hub.linkLost', 'hub.jobAssigned'],
  },
  { from: 'interrupted-jobs', to: 'supervisor', events: ['interrupted.answered'] },
  { from: 'interrupted-jobs', to: 'hub', says: 'answers for jobs that a kill interrupted' },
  {
    from: 'watch',
    to: 'interrupted-jobs',
    events: ['watch.begun', 'watch.heard', 'watch.over', 'watch.lost'],
  },
  {
    from: 'supervisor',
    to: 'vm-pool',
    events: ['machine.requested', 'machine.withdrawn', 'pool.resized', 'pool.closing'],
  },
  { from: 'vm-pool', to: 'supervisor', events: ['pool.answered', 'pool.changed', 'pool.leaked'] },
  {
    from: 'supervisor',
    to: 'sign-job',
    events: [
      ...['slot.granted', 'job.adopted', 'job.cancelRequested', 'job.giveWayRequested'],
      ...['job.linkLost', 'job.linkRestored'],
    ],
  },
  {
    from: 'sign-job',
    to: 'supervisor',
    events: [
      ...['job.awaitingSlot', 'job.claimConfirmed', 'job.awaitingReassignment'],
      ...['job.noted', 'job.concluded', 'job.dropped'],
    ],
  },
  { from: 'command', to: 'lone-signer', events: ['cancel.requested'] },
  { from: 'lone-signer', to: 'sign-job', events: ['slot.granted', 'job.cancelRequested'] },
  { from: 'sign-job', to: 'lone-signer', events: ['job.awaitingSlot', 'job.noted', 'job.concluded'] },
  {
    from: 'process',
    to: 'sign-job',
    events: ['process.ended', 'step.progressed', 'step.logged', 'step.moved', 'step.sent'],
  },
  { from: 'sign-job', to: 'process', says: 'steps' },
  { from: 'sign-job', to: 'vm-lifecycle', events: ['vm.releaseRequested'] },
  { from: 'vm-lifecycle', to: 'sign-job', events: ['vm.ready', 'vm.lost'] },
  {
    from: 'vm-pool',
    to: 'vm-lifecycle',
    events: ['vm.checkRequested', 'vm.handOverRequested', 'vm.releaseRequested'],
  },
  { from: 'vm-lifecycle', to: 'vm-pool', events: ['vm.ready', 'vm.lost'] },
  { from: 'vm-lifecycle', to: 'machine', says: 'clone · run · locate · connect · stop · delete' },
  { from: 'machine', to: 'vm-lifecycle', events: ['vm.started', 'vm.exited', 'guest.lost'] },
  { from: 'machine', to: 'cluster-machine', events: ['machine.entered', 'machine.unwanted'] },
  { from: 'cluster-machine', to: 'cluster-look', events: ['look.wanted'] },
  { from: 'cluster-capacity', to: 'cluster-look', says: 'look.wanted' },
  {
    from: 'cluster-capacity',
    to: 'supervisor',
    events: ['capacity.changed', 'capacity.stale', 'capacity.restored'],
  },
  { from: 'process', to: 'machine', says: 'SSH' },
  { from: 'sign-job', to: 'notarization', says: 'starts' },
  { from: 'notarization', to: 'sign-job', events: ['step.progressed', 'step.logged', 'submission.received'] },
  { from: 'process', to: 'notarization', events: ['upload.progressed'] },
  { from: 'sign-job', to: 'store-upload', says: 'starts' },
  { from: 'sign-job', to: 'testflight', says: 'starts' },
  { from: 'command', to: 'lone-file', events: ['cancel.requested'] },
  { from: 'process', to: 'lone-file', events: ['process.ended'] },
  {
    from: 'notarization',
    to: 'lone-file',
    events: ['step.progressed', 'step.logged', 'submission.received'],
  },
  { from: 'lone-file', to: 'notarization', says: 'starts' },
  { from: 'lone-file', to: 'store-upload', says: 'starts' },
  { from: 'lone-file', to: 'testflight', says: 'starts' },
  { from: 'command', to: 'image-build', events: ['cancel.requested'] },
  { from: 'command', to: 'qemu-image-build', events: ['cancel.requested'] },
  { from: 'registry', to: 'image-build', events: ['base.moved'] },
  { from: 'image-build', to: 'vm-lifecycle', events: ['vm.keepRequested', 'vm.releaseRequested'] },
  { from: 'vm-lifecycle', to: 'image-build', events: ['vm.ready', 'vm.lost'] },
  { from: 'command', to: 'image-check', events: ['cancel.requested'] },
  { from: 'image-check', to: 'vm-lifecycle', events: ['vm.releaseRequested'] },
  { from: 'vm-lifecycle', to: 'image-check', events: ['vm.ready', 'vm.lost'] },
  { from: 'command', to: 'inquiry', says: 'starts' },
  { from: 'command', to: 'status-watch', says: 'starts' },
  { from: 'command', to: 'upgrade', events: ['cancel.requested'] },
  { from: 'upgrade', to: 'daemon-watch', says: 'starts' },
  { from: 'page', to: 'page-feed', events: ['viewer.joined', 'viewer.left'] },
  { from: 'supervisor', to: 'page-feed', events: ['feed.changed'] },
  { from: 'page-feed', to: 'page', says: 'what has changed' },
  { from: 'viewer-watch', to: 'page', says: 'pings' },
  { from: 'page', to: 'viewer-watch', events: ['viewer.answered'] },
  { from: 'supervisor', to: 'alarm-watch', says: 'how it stands' },
  { from: 'account-watch', to: 'alarm-watch', says: 'what is wrong with the account of signatures' },
  { from: 'alarm-watch', to: 'alarm', events: ['condition.held', 'condition.absent'] },
  { from: 'alarm', to: 'alarm-watch', events: ['alarm.told'] },
  { from: 'alarm-watch', to: 'alarm-delivery', events: ['notice.wanted'] },
  { from: 'alarm-delivery', to: 'alarm-watch', events: ['notice.delivered'] },
  { from: 'alarm-delivery', to: 'told', says: 'notices' },
];

/** Events by which regions of one chart talk to each other, by the name of its page. */
export const raised: Readonly<Record<string, readonly string[]>> = {
  supervisor: [
    ...['obstacle.suspected', 'job.returned', 'job.kept', 'returns.settled'],
    ...['slot.refused', 'leaks.noticed', 'sweep.expired'],
  ],
  'cluster-machine': ['machine.seen'],
  'cluster-capacity': ['capacity.seen'],
  'sign-job': [
    ...['process.wanted', 'process.unwanted', 'process.lost'],
    ...['machine.wanted', 'machine.unwanted', 'claim.expired'],
  ],
};

const drawing = (): string =>
  [
    'flowchart LR',
    ...Object.values(nodes).map(({ id, shape }) => `  ${id}${shape}`),
    ...arrows.map(
      ({ from, to, events, says }) =>
        `  ${nodes[from].id} -- "${says ?? events?.join(' · ')}" --> ${nodes[to].id}`,
    ),
  ].join('\n');

const inCode = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

/** The page that shows who starts whom and what they say to each other. */
export function actorSystemPage(charts: Readonly<Record<string, AnyStateMachine>>): string {
  const rows = Object.entries(charts).map(([name, chart]) => {
    const ports = Object.keys(chart.implementations.actors ?? {});
    return `| [${name}](${name}.md) | ${chart.root.description ?? ''} | ${inCode(ports)} | ${inCode(raised[name] ?? [])} |`;
  });
  return `${[
    '<!-- Generated by `npm run diagrams`; do not edit. -->',
    '# The actor system',
    'Rectangles are statecharts. An arrow carries the names of the events that its receiver acts on; a test compares them with the charts.',
    `\`\`\`mermaid\n${drawing()}\n\`\`\``,
    'What a chart starts is another chart, or a *port* that `src/actors` fills in. Events that a chart raises pass between its own regions.',
    '| Chart | What it is for | Starts | Raises |\n|---|---|---|---|',
  ].join('\n\n')}\n${rows.join('\n')}\n`;
}
