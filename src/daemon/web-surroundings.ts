import type { Alarms } from '../alarms/alarms.ts';
import type { Supervisor } from '../control/answers.ts';
import type { ControlReply, WishRequest } from '../control/protocol.ts';
import type { History } from '../history/record.ts';
import type { DaemonStatus } from '../observability/status.ts';
import type { Services } from '../run/services.ts';

/** What the pieces of a web server may look at. */
export interface WebSurroundings {
  readonly supervisor: Supervisor;
  readonly services: Services;
  /** What became of its jobs. */
  readonly history: History;
  readonly alarms: Alarms;
  /** What makes the machines, e.g. `qemu (emulated)`. */
  readonly driver: string;
  /** How the daemon stands now. */
  readonly status: () => DaemonStatus;
  /** As `perry-ship drain` and others ask. */
  readonly ask: (request: WishRequest) => ControlReply;
}
