import { expect } from 'vitest';
import type { HubMessage, HubNews, HubReport } from '../../machines/contracts/hub.ts';
import { hubLimits } from '../../machines/hub-connection/limits.ts';
import { hubConnectionMachine, type SocketCommand } from '../../machines/hub-connection/machine.ts';
import type { OutboxEntry } from '../../machines/hub-connection/outbox.ts';
import { failure } from './samples.ts';
import { recorder, Stage } from './stage.ts';

export const note = (jobId: string, line = 'x'): HubReport => ({
  kind: 'note',
  jobId,
  note: { kind: 'log', stage: 'signing', line },
});
export const conclusion = (jobId: string, assignmentId = `a-${jobId}`): HubReport => ({
  kind: 'conclusion',
  jobId,
  assignmentId,
  conclusion: { outcome: 'failed', failure: failure('A'), stage: null },
});
export const returned = (jobId: string): HubReport => ({
  kind: 'conclusion',
  jobId,
  assignmentId: `a-${jobId}`,
  conclusion: { outcome: 'returned', failure: failure('A'), stage: null },
});

/** The link with its socket and its probe played by the test. */
export function beginLink() {
  const stage = new Stage();
  const owner = recorder<HubNews>();
  const link = stage.start(stage.fill(hubConnectionMachine), { owner: owner.ref, slots: 2 });
  const socket = () => stage.the('hubSocket');
  const scene = {
    stage,
    clock: stage.clock,
    link,
    owner,
    socket,
    /** What the socket was told on the present link. */
    commands: () => socket().heard as readonly SocketCommand[],
    delivered: (): OutboxEntry[] =>
      scene.commands().flatMap((command) => (command.type === 'socket.deliver' ? [...command.entries] : [])),
    deliveredJobs: () => scene.delivered().map(({ report }) => `${report.kind} ${report.jobId}`),
    open: () => {
      socket().say({ type: 'socket.opened' });
      return scene;
    },
    goOnline: () => {
      scene.open().clock.advance(hubLimits.greetingGrace);
      expect(link.is('linked.online')).toBe(true);
      return scene;
    },
    /** Online for so long that nothing bad is remembered. */
    goHealthy: () => {
      scene.goOnline();
      scene.clock.advance(hubLimits.healthyAfter);
      return scene;
    },
    /** The hub says which of the assignments that it is asked about it waits for; without a list, for all. */
    stillOpen: (stillOpen?: readonly string[]) => {
      const probe = stage.the('probeAssignments');
      const { assignmentIds: asked } = probe.input;
      probe.answer({ asked, stillOpen: stillOpen ?? asked, unclear: [] });
    },
    /** The hub counts these jobs as ours on this link. */
    claim: (...jobIds: string[]) => {
      for (const jobId of jobIds) link.send({ type: 'hub.claimConfirmed', jobId });
      return scene;
    },
    reports: (...reports: HubReport[]) => {
      for (const report of reports) scene.report(report);
    },
    helloes: () =>
      stage.calls
        .filter(({ port }) => port === 'hubSocket')
        .flatMap(({ heard }) => heard as readonly SocketCommand[])
        .flatMap((command) => (command.type === 'socket.hello' ? [command.offer] : [])),
    receive: (message: HubMessage) => socket().say({ type: 'socket.received', message }),
    report: (report: HubReport) => link.send({ type: 'hub.report', report }),
    confirm: (seq: number) => socket().say({ type: 'socket.confirmed', seq }),
    confirmAll: () => {
      for (const { seq } of scene.delivered()) scene.confirm(seq);
    },
    breakLink: (reason = 'reset') => socket().say({ type: 'socket.lost', reason }),
    /** Breaks the link and makes a new one as soon as may be. */
    reconnect: () => {
      scene.breakLink();
      while (!link.is('linked.connecting')) scene.clock.advanceToNext();
      return scene.goOnline();
    },
    requeued: () =>
      owner.events.flatMap((event) => (event.type === 'hub.linkLost' ? [event.requeuedJobId] : [])),
    assign: (jobId: string) => scene.receive({ type: 'jobAssigned', jobId, assignmentId: `a-${jobId}` }),
    requestClose: () => link.send({ type: 'hub.closeRequested' }),
    expectClosed: () => {
      expect(link.status).toBe('done');
      expect(link.scheduled).toEqual([]);
      expect(stage.clock.pending).toBe(0);
      expect(stage.open()).toEqual([]);
    },
  };
  return scene;
}

export type LinkScene = ReturnType<typeof beginLink>;
