import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freshName, never } from '../helpers/local-vm.ts';
import { vi } from 'vitest';
import { type TartHost, tartHost } from '../tart-emulator/host.ts';

let host: TartHost;
beforeEach(async () => { host = await tartHost(); });
afterEach(async () => { await host.remove(); });
test('life', async () => {
  const name = freshName();
  const { driver } = host;
  await driver.clone('golden', name, { signal: never });
  const life = driver.run(name, { signal: never, onStarted: () => undefined });
  const address = await vi.waitFor(() => driver.locate(name, { signal: never }), 10_000);
  const session = await vi.waitFor(() => driver.openGuest(address, { signal: never }), 10_000);
  expect(await session.exec('echo hi; exit 7')).toMatchObject({ exitCode: 7, stdout: 'hi\n' });
  expect(await driver.list({ signal: never })).toEqual([name]);
  await driver.stop(name, { signal: never });
  expect(await life).toMatchObject({ expected: true });
  await driver.delete(name, { signal: never });
  console.error(host.notes);
  await host.expectNothingLeft();
});
