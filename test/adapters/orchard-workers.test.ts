import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { WORKER_SECRET } from '../helpers/daemon.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { startCli } from '../integration/cli.ts';
import { makeMaterials } from '../integration/materials.ts';
import { orchardSettings } from '../orchard-emulator/settings.ts';
import { whyNoController, workedHost } from '../orchard-real/host.ts';
import { vmContract } from './vm-contract.ts';

/**
 * Clusters whose workers are programs that speak the worker's side of Orchard 0.55.0. The emulated controller shows that
 * the workers are right; with them, the contract and whole jobs run on a real one: `ORCHARD_BIN=/path/to/orchard`.
 */
const kinds = { emulated: undefined, real: whyNoController } as const;

for (const kind of ['emulated', 'real'] as const) {
  const why = kinds[kind];
  if (why !== undefined) {
    test.skip(`orchard with a controller that is ${kind} (${why})`);
    console.error(`skipped: orchard with a controller that is ${kind}: ${why}`);
    continue;
  }
  vmContract(`orchard with workers of their own, its controller ${kind}`, () => workedHost(kind), {
    concurrent: kind === 'emulated',
  });

  test(`a macOS job and an iOS job in a cluster whose controller is ${kind}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'perry-worked-'));
    const materials = await makeMaterials(join(folder, 'materials'));
    const host = await workedHost(kind, [dirname(rcodesignPath)]);
    const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET });
    const certificateFile = join(folder, 'controller.pem');
    await writeFile(certificateFile, host.certificate);
    const daemon = startCli(
      {
        ...orchardSettings({ ...host, certificateFile }),
        PERRY_HUB_URL: hub.webSocketUrl,
        PERRY_HUB_WORKER_SECRET: WORKER_SECRET,
        PERRY_WORKER_NAME: 'orchard-tester',
        PERRY_STATE_DIR: join(folder, 'state'),
        PERRY_TIMESTAMP_URL: 'none',
      },
      'run',
    );
    try {
      const jobs = [await hub.submitJob(materials.macJob()), await hub.submitJob(materials.iosJob())];
      const ends = await Promise.all(jobs.map((job) => hub.completed(job, AbortSignal.timeout(180_000))));
      expect(ends.map(({ success, error }) => error ?? success)).toEqual([true, true]);
      daemon.signal('SIGTERM');
      expect(await daemon.ended).toBe(0);
      await host.remove();
    } catch (error) {
      console.error(daemon.lines.join('\n'));
      daemon.signal('SIGKILL');
      // no controller and no worker is left by a test that fails
      await host.remove().catch(() => {});
      throw error;
    } finally {
      daemon.signal('SIGKILL');
      await hub.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
}
