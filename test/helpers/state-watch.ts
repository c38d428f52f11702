import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from 'xstate';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { descendantTexts } from './leak-check.ts';
import { asText } from './secret-watch.ts';

export interface StateWatch {
  /** Calls `act` once, at the very moment when a statechart first stands in that state. */
  atState(path: string, act: (actor: AnyActorRef) => void): void;
  /** Resolves when a statechart has stood in that state, and fails when none ever does; ask before it can happen. */
  reached(path: string): Promise<AnyActorRef>;
}

/** Longer than anything takes: a job that has failed on its way ends its test, not the whole run of the tests. */
const PATIENCE_MS = 60_000;

/** Shows everything that an inspector, a page or a core file could show, if that is wanted, and tells who stands where. */
export function watchStates(
  daemon: Daemon,
  show?: (place: string, text: string) => void,
  patienceMs = PATIENCE_MS,
) {
  const { supervisor } = daemon;
  const last = new WeakMap<AnyActorRef, string>();
  const waiting = new Map<string, (actor: AnyActorRef) => void>();
  const arrive = (actor: AnyActorRef, path: string) => {
    for (const state of pathsIn(path)) {
      const act = waiting.get(state);
      waiting.delete(state);
      act?.(actor);
    }
  };
  supervisor.system.inspect((inspected: InspectionEvent) => {
    show?.(`inspected ${inspected.type}`, asText(inspected));
    if (inspected.type !== '@xstate.snapshot') return;
    const actor = inspected.actorRef as AnyActorRef;
    const { value } = inspected.snapshot as AnyMachineSnapshot;
    const path = value === undefined ? '' : JSON.stringify(value);
    if (path === '' || last.get(actor) === path) return;
    last.set(actor, path);
    for (const text of show ? descendantTexts() : []) show?.('a child process', text);
    show?.('the persisted system', asText(supervisor.getPersistedSnapshot()));
    arrive(actor, path);
  });
  const atState: StateWatch['atState'] = (path, act) => void waiting.set(path, act);
  return {
    atState,
    reached: (path: string) => reachedBy(atState, path, patienceMs),
  };
}

function reachedBy(atState: StateWatch['atState'], path: string, patienceMs: number): Promise<AnyActorRef> {
  const reached = new Promise<AnyActorRef>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nobody came to ${path}`)), patienceMs).unref();
    atState(path, (actor) => {
      clearTimeout(timer);
      resolve(actor);
    });
  });
  // whoever waits hears of it; a test that has failed before does not wait any more
  reached.catch(() => {});
  return reached;
}

/** Every state in a state value, with its ancestors: `engaged.work.running`, `engaged.work.running.inspecting` … */
function pathsIn(valueJson: string): string[] {
  const walk = (value: unknown, above: string): string[] =>
    typeof value === 'string'
      ? [`${above}${value}`]
      : Object.entries(value as object).flatMap(([name, inner]) => [
          `${above}${name}`,
          ...walk(inner, `${above}${name}.`),
        ]);
  return walk(JSON.parse(valueJson), '');
}
