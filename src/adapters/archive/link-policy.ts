import { macNameKey, textFault } from './entry-path.ts';
import { refuseEntry, shown } from './refusals.ts';

/** Links that one look-up may pass, as on macOS (MAXSYMLINKS). */
const MAX_HOPS = 32;
/** Path parts walked for all links of an archive together, so that chains of long targets cost no minutes. */
const MAX_STEPS = 1_000_000;

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
export function policeLinks(links: readonly SymbolicLink[]): void {
  const targets = new Map(links.map(({ path, target }) => [macNameKey(path), target]));
  const budget = { steps: MAX_STEPS };
  for (const link of links) follow(link, targets, budget);
}

function follow(link: SymbolicLink, targets: ReadonlyMap<string, string>, budget: { steps: number }): void {
  const rootDepth = depthOfBundle(link.path);
  const place = link.path.split('/').slice(0, -1);
  const ahead = link.target.split('/').reverse();
  let hops = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (budget.steps-- <= 0) throw unsafe(link, 'The links of the archive are too entangled.');
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (place.length <= rootDepth) throw unsafe(link, 'It leads out of the bundle.');
      place.pop();
      continue;
    }
    const through = targets.get(macNameKey([...place, part].join('/')));
    if (through === undefined) place.push(part);
    else if (++hops > MAX_HOPS) throw unsafe(link, 'It leads through too many links, or in a circle.');
    else ahead.push(...through.split('/').reverse());
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
