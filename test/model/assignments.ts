import type { HubReport } from '../../machines/contracts/hub.ts';

type Said = { type: string } & Record<string, unknown>;

/** Whether each assignment that reached the supervisor was answered as it must be: by reading what actors say. */
export class Assignments {
  readonly #assigned: string[] = [];
  readonly #answers = new Map<string, number>();
  /** Assignments of each run, its own first. */
  readonly #runs = new Map<string, string[]>();
  readonly #runOfActor = new Map<string, string>();
  readonly #dropped = new Set<string>();

  note(to: string, event: Said): void {
    if (to === 'supervisor') this.#toSupervisor(event);
    else if (to === 'hub' && event.type === 'hub.report') this.#toHub(event.report as HubReport);
    else if (to.startsWith('run.')) this.#toRun(to, event);
  }

  #toSupervisor({ type, assignmentId, runId }: Said): void {
    if (type === 'hub.jobAssigned') this.#assigned.push(String(assignmentId));
    if (type === 'job.dropped') this.#dropped.add(String(runId));
  }

  #toHub(report: HubReport): void {
    if (report.kind !== 'conclusion') return;
    const { assignmentId } = report;
    this.#answers.set(assignmentId, (this.#answers.get(assignmentId) ?? 0) + 1);
  }

  /** Ids of actors come back, those of runs do not. */
  #toRun(actorId: string, { type, assignmentId, input }: Said): void {
    if (type === 'xstate.init') {
      const { runId } = input as { runId: string };
      this.#runs.set(runId, [runId]);
      this.#runOfActor.set(actorId, runId);
    }
    const runId = this.#runOfActor.get(actorId) ?? '';
    if (type === 'job.adopted') this.#runs.get(runId)?.push(String(assignmentId));
  }

  /** Runs that were started so far. */
  get runs(): readonly string[] {
    return [...this.#runs.keys()];
  }

  /** Wrong at any time. */
  wrong(): string[] {
    return [...this.#answers].flatMap(([id, count]) => (count > 1 ? [`${count} conclusions for ${id}`] : []));
  }

  /**
   * Wrong at the end: a run has one answer for all its assignments, a dropped one has none; an assignment without a
   * run was answered, or the hub took it back.
   */
  unsettled(hubWaitsFor: (assignmentId: string) => boolean): string[] {
    const ofRuns = [...this.#runs].flatMap(([runId, ids]) => {
      const answers = ids.reduce((sum, id) => sum + (this.#answers.get(id) ?? 0), 0);
      const expected = this.#dropped.has(runId) ? 0 : 1;
      return answers === expected ? [] : [`run ${runId} (${ids.join(', ')}) was answered ${answers} times`];
    });
    const known = new Set([...this.#runs.values()].flat());
    const refused = this.#assigned.filter(
      (id) => !known.has(id) && this.#answers.get(id) !== 1 && hubWaitsFor(id),
    );
    return [...this.wrong(), ...ofRuns, ...refused.map((id) => `assignment ${id} was not answered`)];
  }
}
