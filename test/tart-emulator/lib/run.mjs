import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { alreadyRunning, refused, TartError } from './failures.mjs';
import { flood } from './faults.mjs';
import { startGuest } from './guest.mjs';
import {
  existing,
  isWhole,
  localNames,
  ownerOf,
  randomMac,
  readConfig,
  takeLock,
  vmDir,
  withLock,
  writeConfig,
} from './home.mjs';
import { lease } from './leases.mjs';
import { endings } from './run-endings.mjs';
import { takeSlot } from './slots.mjs';
import { requireOneNetwork, startSoftnet } from './softnet.mjs';

/** Fails before anything else, and so with another code than all other commands. */
export async function validate({ home, names: [name], options }) {
  if (!isWhole(vmDir(home, name))) throw new TartError(1, `Error: the specified VM "${name}" does not exist`);
  requireOneNetwork(options);
}

export async function run(scope) {
  const life = new Life(scope);
  life.listen();
  await life.start();
  return life.ended;
}

class Life {
  constructor({ home, knobs, names: [name], options }) {
    Object.assign(this, { home, knobs, name, options, bornAt: Date.now(), dir: existing(home, name) });
    this.ended = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.ended.catch(() => {});
  }

  listen() {
    process.on('SIGINT', () => void this.#powerOff());
    process.on('SIGUSR1', () => void this.#suspend());
    process.on('SIGUSR2', () => process.stdout.write('Requesting guest OS to stop...\n'));
  }

  async start() {
    const { home, knobs, dir, name } = this;
    const { reachesHost } = await startSoftnet(this.options, dir);
    await withLock(home.root, async () => {
      if (await ownerOf(dir)) throw alreadyRunning(name);
      await this.#avoidMacCollision();
      await pause(knobs.times.lock);
      await takeLock(dir);
    });
    const slot = await takeSlot(home, knobs, name);
    if (slot.limited !== undefined) {
      await pause(knobs.times.limit);
      await rm(join(dir, '.lock'), { force: true });
      throw refused(`The number of VMs exceeds the system limit${slot.limited}`);
    }
    this.slot = slot;
    await rm(join(dir, 'state.vzvmsave'), { force: true });
    const { macAddress } = await readConfig(dir);
    const guest = reachesHost ? knobs.guest : { ...knobs.guest, ssh: 'silent' };
    this.guest = await startGuest({
      dir,
      knobs: { ...knobs, guest },
      address: () => this.#address(macAddress),
      onShutDown: () => void this.#guestOff(),
    });
    this.#misbehave();
  }

  async #avoidMacCollision() {
    const { home, dir, name } = this;
    const config = await readConfig(dir);
    for (const other of await localNames(home)) {
      const otherDir = vmDir(home, other);
      if (other === name || !(await ownerOf(otherDir))) continue;
      if ((await readConfig(otherDir)).macAddress !== config.macAddress) continue;
      process.stdout.write('There is already a running VM with the same MAC address!\n');
      process.stdout.write('Resetting VM to assign a new MAC address...\n');
      await writeConfig(dir, { ...config, macAddress: randomMac() });
    }
  }

  async #address(macAddress) {
    const own = await lease(this.home, macAddress);
    if (this.knobs.ip.shared === undefined) return own;
    await writeFile(join(this.home.leases, macAddress), this.knobs.ip.shared);
    return own;
  }

  #misbehave() {
    const { end, floodBytes } = this.knobs.run;
    if (floodBytes) void flood(floodBytes);
    if (!end || (end.match && !this.name.includes(end.match))) return;
    const { stdout, stderr, exitCode, signal } = endings[end.how];
    setTimeout(async () => {
      if (stdout) process.stdout.write(`${stdout}\n`);
      if (signal) return process.kill(process.pid, signal);
      await this.#close();
      if (stderr) this.reject(new TartError(exitCode, stderr));
      else this.#exit(exitCode);
    }, end.afterMs ?? 0);
  }

  async #powerOff() {
    const { ignoresSigint, deafMs } = this.knobs.run;
    if (ignoresSigint || Date.now() - this.bornAt < deafMs) return;
    process.stdout.write('Stopping VM...\n');
    await pause(this.knobs.times.stop);
    await this.#close();
    this.#exit(0);
  }

  async #guestOff() {
    if (this.knobs.guest.ignoresShutDown) return;
    process.stdout.write('guest has stopped the virtual machine\n');
    await this.#close();
    this.#exit(0);
  }

  async #suspend() {
    if (!this.options['--suspendable']) {
      process.stdout.write('Failed to suspend the VM: it was not started with --suspendable\n');
      await this.#close();
      return this.#exit(1);
    }
    process.stdout.write('pausing VM to take a snapshot...\ncreating a snapshot...\n');
    await writeFile(join(this.dir, 'state.vzvmsave'), 'snapshot');
    process.stdout.write('snapshot created successfully! shutting down the VM...\n');
    await this.#close();
    this.#exit(0);
  }

  async #close() {
    this.guest?.stop();
    await this.slot?.release();
    await rm(join(this.dir, '.lock'), { force: true });
  }

  #exit(code) {
    process.exitCode = code;
    this.resolve();
  }
}
