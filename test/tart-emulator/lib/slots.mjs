import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './home.mjs';
import { isAlive, me } from './processes.mjs';

/** macOS runs two macOS guests and no third one, over all users and homes. */
export function takeSlot(home, { slots }, name) {
  return withLock(home.slots, async () => {
    const taken = await takenSlots(home, slots);
    if (taken.length >= slots.max) return { limited: hintOf(taken, home) };
    const file = join(home.slots, `${process.pid}.json`);
    await writeFile(file, JSON.stringify({ ...me(), name, home: home.root }));
    return { release: () => (slots.leak ? undefined : unlink(file).catch(() => {})) };
  });
}

/** Machines of the same home are named; a slot that leaked has no machine. */
function hintOf(taken, home) {
  const names = taken.filter((slot) => slot.home === home.root && isAlive(slot)).map(({ name }) => name);
  return names.length > 0 ? ` (other running VMs: ${names.sort().join(', ')})` : '';
}

async function takenSlots(home, { releaseMs, leak }) {
  const taken = [];
  for (const name of await readdir(home.slots)) {
    if (!name.endsWith('.json')) continue;
    const file = join(home.slots, name);
    const slot = await readFile(file, 'utf8').then(JSON.parse, () => undefined);
    if (!slot) continue;
    if (isAlive(slot) || leak) taken.push(slot);
    else if (await lingers(file, slot, releaseMs)) taken.push(slot);
    else await unlink(file).catch(() => {});
  }
  return taken;
}

/** The owner was killed: the time runs from when that was first seen. */
async function lingers(file, slot, releaseMs) {
  if (!releaseMs) return false;
  const goneSince = slot.goneSince ?? Date.now();
  if (!slot.goneSince) await writeFile(file, JSON.stringify({ ...slot, goneSince }));
  return Date.now() - goneSince < releaseMs;
}
