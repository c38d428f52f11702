import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmDriver } from '../../src/adapters/vm/driver.ts';
import { printVmName } from '../../src/domain/vm-name.ts';
import { INSTANCE } from '../helpers/local-vm.ts';
import { type QemuHost, qemuHost } from '../helpers/qemu-vm.ts';
import { residentBytes } from './processes.ts';
import { mebibytes, median, seconds, table } from './statistics.ts';
import { benchCiphers } from './vm-ciphers.ts';
import type { BenchRoom } from './wall-time.ts';

interface Boot {
  readonly cloneMs: number;
  /** Until the kernel counts time: firmware, and what the kernel does before. */
  readonly firmwareMs: number;
  /** From there until sshd listens. */
  readonly guestMs: number;
  readonly loginMs: number;
  /** Of a machine that has just booted. */
  readonly residentBytes: number;
  readonly diskBytes: number;
}

/** One machine that runs, and how it came to. */
export interface BootedMachine {
  readonly driver: VmDriver;
  readonly name: string;
  readonly boot: Boot;
}

const signal = new AbortController().signal;

/** From nothing to a login, the memory and the disk of one machine, and what goes through its SSH. */
export async function benchBoots(room: BenchRoom, runs: number): Promise<void> {
  const host = await qemuHost();
  const driver = host.driverWith({ cpus: 2, memoryMb: 1_024 });
  const { kind } = (await driver.processor?.('golden', { signal })) ?? { kind: 'host' };
  const boots: Boot[] = [];
  for (let run = 0; run < runs; run += 1) {
    const last = run === runs - 1;
    await withMachine(host, driver, async (machine) => {
      boots.push(machine.boot);
      if (last) room.print(await benchCiphers(machine));
    });
  }
  await host.remove();
  room.print(`${introduction(runs, kind)}\n\n${table(rowsOf(boots, kind))}`);
}

async function withMachine(
  host: QemuHost,
  driver: VmDriver,
  use: (machine: BootedMachine) => Promise<void>,
): Promise<void> {
  const name = printVmName({ instance: INSTANCE, runId: randomUUID() });
  const beganAt = performance.now();
  await driver.clone('golden', name, { signal });
  const clonedAt = performance.now();
  const running = driver.run(name, { signal, onStarted: () => {} });
  const address = await driver.locate(name, { signal });
  const locatedAt = performance.now();
  const session = await driver.openGuest(address, { signal });
  const loginMs = performance.now() - locatedAt;
  const { stdout } = await session.exec('cat /proc/uptime');
  const kernelAt = performance.now() - Number(stdout.split(' ')[0]) * 1_000;
  const boot = {
    ...{ cloneMs: clonedAt - beganAt, loginMs },
    ...{ firmwareMs: kernelAt - clonedAt, guestMs: locatedAt - kernelAt },
    residentBytes: (await residentBytes(await host.pidOf(name))).now,
    diskBytes: (await stat(join(host.stateDir, 'clones', name, 'disk.qcow2'))).blocks * 512,
  };
  await session.close();
  await use({ driver, name, boot });
  await driver.delete(name, { signal });
  await running;
}

const introduction = (runs: number, kind: string): string =>
  `(h) a machine of QEMU from nothing to a login, median of ${runs}; two processors (${kind}), 1024 MiB`;

function rowsOf(boots: readonly Boot[], kind: 'host' | 'emulated'): string[][] {
  const of = (pick: (boot: Boot) => number): number => median(boots.map(pick));
  const total = ({ cloneMs, firmwareMs, guestMs, loginMs }: Boot) => cloneMs + firmwareMs + guestMs + loginMs;
  return [
    ['step', 'median', 'goal'],
    ['clone', seconds(of(({ cloneMs }) => cloneMs)), ''],
    ['start of QEMU to kernel', seconds(of(({ firmwareMs }) => firmwareMs)), ''],
    ['kernel to sshd', seconds(of(({ guestMs }) => guestMs)), ''],
    ['login', seconds(of(({ loginMs }) => loginMs)), ''],
    ['all', seconds(of(total)), kind === 'emulated' ? '<= 8 s' : '<= 1.5 s'],
    ['memory of the process', mebibytes(of((boot) => boot.residentBytes)), ''],
    ['disk of the clone', mebibytes(of((boot) => boot.diskBytes)), ''],
  ];
}
