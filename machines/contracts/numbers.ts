/**
 * The smallest number that nobody has. Ids of actors that come and go are made of it, so that they come back: an actor's
 * end is an event with the id in its name, and xstate keeps what it found out about each name of an event for ever.
 */
export function freeNumber(taken: readonly number[]): number {
  let number = 0;
  while (taken.includes(number)) number += 1;
  return number;
}
