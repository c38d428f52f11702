import { spawnSync } from 'node:child_process';

/** Debian's package `prometheus`; its tests are skipped without it. */
export const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** @returns what it says; nothing when all is well */
export function promtool(args: readonly string[], input = '', cwd?: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    input,
    encoding: 'utf8',
    timeout: 60_000,
    ...(cwd !== undefined && { cwd }),
  });
  return status === 0 && stderr === '' ? '' : `${stdout}${stderr} (exit code ${status})`;
}
