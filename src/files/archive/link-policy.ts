import { macNameKey, textFault } from './entry-path.ts';
import { refuseEntry, shown } from './refusals.ts';

/** Links that one look-up may pass, as on macOS (MAXSYMLINKS). */
const MAX_HOPS = 32;
/**
 * What following all links of an archive may cost together: parts of targets, and characters of the paths that are
 * looked up for them. 10,000 links with paths of 100 characters take a twentieth of it; all of it is about 0.2 s.
 */
const MAX_STEPS = 500_000;
const MAX_CHARACTERS = 64_000_000;
/** After so many links whatever else waits in this process has its turn: some milliseconds of work. */
const LINKS_PER_TURN = 1_000;

export interface SymbolicLink {
  readonly path: string;
  readonly target: string;
}

/** @throws ShipError BUNDLE_LINK_OUTSIDE when the text of a target alone tells that it is not relative */
export function policeTarget(link: SymbolicLink, maxPathBytes: number): void {
  const { target } = link;
  const fault = target === '' ? 'It is empty.' : textFault(target);
  if (fault !== undefined) throw unsafe(link, fault);
  if (Buffer.byteLength(target) > maxPathBytes) throw unsafe(link, `It has more than ${maxPathBytes} bytes.`);
}

/**
 * Judges all links of an archive together, because where one leads can depend on the others. Each is followed
 * part by part, through every other link, as the kernel of a Mac would, and must never leave the app bundle that
 * it is in (outside of one: the folder of the archive), not even to come back.
 *
 * @throws ShipError BUNDLE_LINK_OUTSIDE
 */
export async function policeLinks(links: readonly SymbolicLink[]): Promise<void> {
  const targets = new Map<string, string>();
  await inTurns(links, ({ path, target }) => void targets.set(macNameKey(path), target));
  const budget = new LinkBudget();
  await inTurns(links, (link) => follow(link, targets, budget));
}

async function inTurns<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  for (const [index, item] of items.entries()) {
    work(item);
    if (index % LINKS_PER_TURN === LINKS_PER_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

function follow(link: SymbolicLink, targets: ReadonlyMap<string, string>, budget: LinkBudget): void {
  const rootDepth = depthOfBundle(link.path);
  const place = new Place(link.path.split('/').slice(0, -1));
  const ahead = link.target.split('/').reverse();
  let hops = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (!budget.spend(place.key.length + part.length)) throw unsafe(link, ENTANGLED);
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (place.depth <= rootDepth) throw unsafe(link, 'It leads out of the bundle.');
      place.leave();
      continue;
    }
    const through = targets.get(place.keyWith(part));
    if (through === undefined) place.enter(part);
    else if (++hops > MAX_HOPS) throw unsafe(link, 'It leads through too many links, or in a circle.');
    else ahead.push(...through.split('/').reverse());
  }
}

const ENTANGLED = 'The links of the archive are too entangled: following them takes too many steps.';

class LinkBudget {
  #steps = MAX_STEPS;
  #characters = MAX_CHARACTERS;

  /** False when it is spent. */
  spend(characters: number): boolean {
    this.#steps -= 1;
    this.#characters -= characters;
    return this.#steps >= 0 && this.#characters >= 0;
  }
}

/** Where a look-up has come to, as the key of its path; that of each folder above is kept for the way back. */
class Place {
  readonly #keys: string[] = [];

  constructor(parts: readonly string[]) {
    for (const part of parts) this.enter(part);
  }

  get depth(): number {
    return this.#keys.length;
  }

  get key(): string {
    return this.#keys.at(-1) ?? '';
  }

  /** A slash joins no letters, so that the key of a path is made of those of its parts. */
  keyWith(part: string): string {
    return this.depth === 0 ? macNameKey(part) : `${this.key}/${macNameKey(part)}`;
  }

  enter(part: string): void {
    this.#keys.push(this.keyWith(part));
  }

  leave(): void {
    this.#keys.pop();
  }
}

/** How many folders deep the outermost `.app` is that holds the path; 0 when it is in no bundle. */
function depthOfBundle(path: string): number {
  const parts = path.split('/');
  const depth = parts[0] === 'Payload' ? 2 : 1;
  return parts.length > depth && parts[depth - 1]?.toLowerCase().endsWith('.app') ? depth : 0;
}

const unsafe = ({ path, target }: SymbolicLink, fault: string): Error =>
  refuseEntry('BUNDLE_LINK_OUTSIDE', path, `It is a symbolic link to ${shown(target)}. ${fault}`);
