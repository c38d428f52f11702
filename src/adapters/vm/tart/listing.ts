import * as z from 'zod';
import type { Tart, TartCallOptions } from './command.ts';
import { tartFailure } from './failures.ts';

const DEADLINE_MS = 30_000;
/** It fails now and then when a machine is deleted while it looks. */
const ATTEMPTS = 3;

const schema = z.array(
  z.object({
    Source: z.string(),
    Name: z.string(),
    State: z.string().optional(),
    Running: z.boolean().optional(),
  }),
);

export interface ListedMachine {
  readonly name: string;
  /** False for an image in the cache of a registry. */
  readonly isLocal: boolean;
  readonly isRunning: boolean;
}

/**
 * All machines and images of this TART_HOME: `tart list --format json`.
 *
 * @throws ShipError VM_LIST_FAILED · VM_HOST_NOT_READY
 */
export async function listMachines(
  tart: Tart,
  { signal, deadlineMs = DEADLINE_MS }: TartCallOptions,
): Promise<readonly ListedMachine[]> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await tart.call(['list', '--format', 'json'], { signal, deadlineMs });
    const machines = result.exitCode === 0 && !result.timedOut ? parseListing(result.stdout) : undefined;
    if (machines) return machines;
    if (attempt === ATTEMPTS || result.timedOut)
      throw tartFailure(
        { summary: 'The machines of this host could not be listed.', code: 'VM_LIST_FAILED' },
        result,
      );
  }
}

/**
 * `[ { "Source" : "local", "Name" : "golden", "Disk" : 50, "Size" : 31, "Accessed" : "2026-05-04T09:12:33Z",
 * "Running" : false, "State" : "stopped" } ]`: keys in any order, slashes escaped. `undefined` when it is not that.
 */
export function parseListing(stdout: string): readonly ListedMachine[] | undefined {
  const parsed = schema.safeParse(jsonOf(stdout));
  if (!parsed.success) return undefined;
  return parsed.data.map(({ Source, Name, State, Running }) => ({
    name: Name,
    isLocal: Source.toLowerCase() === 'local',
    isRunning: State === 'running' || Running === true,
  }));
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An image of a registry is listed with its tag or digest. */
export function hasImage(machines: readonly ListedMachine[], image: string): boolean {
  const isRemote = image.includes('/');
  const hasTag = /[:@]./.test(image.slice(image.lastIndexOf('/')));
  const listed = isRemote && !hasTag ? `${image}:latest` : image;
  return machines.some(({ name, isLocal }) => name === listed && isLocal !== isRemote);
}
