import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAgent } from './guest-agent.mjs';
import { guestCommands, POWER_SIGNAL } from './guest-commands.mjs';
import { layOut, loginOf, writeDisk } from './guest-disk.mjs';
import { startSshd } from './guest-sshd.mjs';

/**
 * What runs inside of the machine, each part from its own moment on. The disk says who may log in, which host key the
 * machine has, and where its programs are; all clones of one image have the same.
 */
export async function startGuest({ dir, knobs, address, onShutDown }) {
  const disk = JSON.parse(readFileSync(join(dir, 'disk.img'), 'utf8'));
  const home = join(dir, 'guest');
  layOut(home, disk);
  const login = loginOf(home, disk);
  const commands = guestCommands({ home, disk });
  // sent by `shutdown` in the guest
  process.once(POWER_SIGNAL, () => {
    writeDisk(dir, home);
    onShutDown();
  });
  const timers = [];
  const after = (delayMs, start) => timers.push(setTimeout(start, delayMs));
  const parts = [commands, startAgent({ dir, commands, knobs })];
  let host;
  after(knobs.times.address, () => {
    host = address();
  });
  after(Math.max(knobs.times.ssh, knobs.times.address), async () => {
    if (knobs.guest.ssh !== 'refused')
      parts.push(await startSshd({ host: await host, disk: login, commands, knob: knobs.guest }));
  });
  return {
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      for (const part of parts) part.stop();
    },
  };
}
