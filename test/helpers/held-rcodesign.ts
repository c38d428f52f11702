import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, mkdir, open, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rcodesignPath } from './rcodesign-fixtures.ts';

export interface HeldSigning {
  readonly begun: Promise<void>;
  release(): Promise<void>;
}

/** The real program, behind a script that writes down with what it was called. */
export async function recordingRcodesign(tools: string): Promise<string> {
  const path = join(tools, 'rcodesign');
  const calls = `${tools}/call.$$`;
  const script = `#!/bin/sh
cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline > "${calls}" 2>/dev/null
if [ -f "${tools}/lie" ]; then case "$*" in *' sign '*)
  for target do :; done
  real() { '${rcodesignPath}' "$@"; }
  . "${tools}/lie"
  exit;; esac; fi
case "$*" in *sign*) if [ -p "${tools}/hold" ]; then read -r _ < "${tools}/hold"; fi;; esac
exec '${rcodesignPath}' "$@"
`;
  await mkdir(tools);
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

/**
 * From now on `rcodesign sign` does this instead: POSIX shell, in which `real "$@"` is the program as it was called, and
 * `$target` what it was to sign.
 */
export const lieWhenSigning = (tools: string, script: string): Promise<void> =>
  writeFile(join(tools, 'lie'), script);

/** The next start of `rcodesign sign` stands still. Opening a FIFO for writing ends when somebody reads it: that is the moment when signing has begun. */
export async function holdSigning(tools: string): Promise<HeldSigning> {
  const hold = join(tools, 'hold');
  execFileSync('mkfifo', [hold]);
  const opening = open(hold, 'w');
  return {
    begun: opening.then(() => unlink(hold)),
    release: async () => {
      // a job that never came so far leaves nobody who reads
      const reader = await open(hold, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
      await (await opening).close();
      await reader?.close();
    },
  };
}
