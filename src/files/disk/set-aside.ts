import { lstatSync, renameSync } from 'node:fs';
import { ShipError } from '../../errors.ts';

/** So many of one file are kept: whatever damages it again and again must not fill the disk. */
const MOST = 5;

const placesOf = (path: string): string[] =>
  Array.from({ length: MOST }, (_, n) => `${path}.unread${n === 0 ? '' : `.${n + 1}`}`);

const isFree = (place: string): boolean => lstatSync(place, { throwIfNoEntry: false }) === undefined;

/** Whether something was moved aside there, and nobody has removed it since. */
export const liesAside = (path: string): boolean => !placesOf(path).every(isFree);

/**
 * Moves what cannot be read out of the way of what is to be written in its place: to `PATH.unread`, or `PATH.unread.2` and
 * so on. Nothing of it is lost: where that cannot be done, nothing may be written there.
 *
 * @returns where it is now
 * @throws ShipError STATE_UNREADABLE when it stays in its place
 */
export function setAside(path: string): string {
  const free = placesOf(path).find(isFree);
  if (free === undefined) throw stays(path, `${MOST} earlier ones lie beside it already`);
  try {
    renameSync(path, free);
    return free;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // somebody else has moved it meanwhile
    if (code === 'ENOENT') return free;
    throw stays(path, `the system said ${code}`, error);
  }
}

const stays = (path: string, why: string, cause?: unknown): ShipError =>
  new ShipError('STATE_UNREADABLE', {
    summary: `"${path}" cannot be read, and is not written over.`,
    reason: `It could not be moved aside either: ${why}.`,
    nextStep: 'Move it, and what lies beside it under its name with ".unread", to another place by hand.',
    cause,
  });
