import { randomUUID } from 'node:crypto';
import type { OrchardApi } from './api.ts';

/** Roles of a service account (0.55.0) that tell what it can do; `compute:connect` is a part of `compute:write`. */
export type ClusterRole = 'compute:read' | 'compute:write' | 'admin:read' | 'admin:write';

/**
 * Which roles our account has, found out by requests that change nothing: those that are refused have 401, and the rest is
 * about a machine and a worker that do not exist. The list of accounts would tell as well, with everybody's token in it.
 *
 * @throws ShipError as `OrchardApi.ask`, except for the status 401
 */
export async function findRoles(api: OrchardApi, signal: AbortSignal): Promise<ReadonlySet<ClusterRole>> {
  const nobody = `perry-ship-doctor-${randomUUID()}`;
  const questions = [
    ['compute:read', 'GET', '/workers', 200],
    ['compute:write', 'DELETE', `/vms/${nobody}`, 404],
    ['admin:read', 'GET', '/cluster-settings', 200],
    ['admin:write', 'GET', `/workers/${nobody}/port-forward?port=22`, 404],
  ] as const;
  const roles = new Set<ClusterRole>();
  for (const [role, method, path, granted] of questions) {
    const { status } = await api.ask({
      what: `The question for ${role}`,
      method,
      path,
      judges: [401, 404],
      signal,
    });
    if (status === granted) roles.add(role);
  }
  return roles;
}

/**
 * Whether our account may see and make machines, asked of one that does not exist, so that nothing is changed.
 *
 * @throws ShipError as `OrchardApi.ask`
 */
export async function checkAccount(api: OrchardApi, signal: AbortSignal): Promise<void> {
  const path = `/vms/perry-ship-nobody-${randomUUID()}`;
  for (const method of ['GET', 'DELETE'] as const) {
    const what = 'The question whether machines may be made';
    await api.ask({ what, method, path, judges: [404], signal });
  }
}
