/** A daemon as far as its machine goes: makes one, says that it is up, and lives until it is killed. */
import { createQemuDriver } from '../../src/adapters/vm/qemu/driver.ts';
import { freshName, INSTANCE, never as signal } from '../helpers/local-vm.ts';

const [stateDir = '', imagesDir = ''] = process.argv.slice(2);
const driver = createQemuDriver({
  ...{ stateDir, imagesDir, instance: INSTANCE, cpus: 1, memoryMb: 512, minFreeDiskGb: 0 },
  guestNetwork: 'none',
  note: () => undefined,
});
const name = freshName();
await driver.clone('golden', name, { signal });
const life = driver.run(name, { signal, onStarted: () => undefined });
await driver.locate(name, { signal });
process.stdout.write('up\n');
await life;
