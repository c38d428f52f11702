import { join } from 'node:path';
import { LOG_FILE } from './launchd-plist.ts';

const KEPT = 10;
const LARGEST_KB = 10_240;

/**
 * What rotates the log of the service: ten files of 10 MB, compressed. Nobody is signalled (`N`): the daemon finds out by
 * itself that its file was renamed. `undefined` for a path with white space, which newsyslog cannot take.
 *
 * @see newsyslog.conf(5) of macOS 14
 */
export function newsyslogLine(
  logDir: string,
  { uid, gid }: { uid: number; gid: number },
): string | undefined {
  const path = join(logDir, LOG_FILE);
  if (/[\s#]/.test(path)) return undefined;
  return `# perry-ship\n${path} ${uid}:${gid} 600 ${KEPT} ${LARGEST_KB} * JN\n`;
}
