import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where files of tests find what another one has made already; see `helpers/shared-identity.ts`. */
export default function shareFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'perry-tests-'));
  // workers are started with the environment of this process
  process.env.SHARED_BY_TESTS = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
