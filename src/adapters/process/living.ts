/** What an emergency needs of a process. */
interface Killable {
  readonly exited: Promise<unknown>;
  signalGroup(signal: NodeJS.Signals): void;
}

const living = new Set<Killable>();

/** Remembers a process until it has ended. */
export function rememberLiving<T extends Killable>(child: T): T {
  living.add(child);
  void child.exited.then(() => living.delete(child));
  return child;
}

/**
 * SIGKILL to every long-lived process and its group: the last resort when nobody is left who would stop them in
 * good order. Answers with how many there were.
 */
export function killAllLiving(): number {
  const killed = [...living];
  for (const child of killed) child.signalGroup('SIGKILL');
  return killed.length;
}
