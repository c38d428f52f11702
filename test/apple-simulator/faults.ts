import { seededNumbers } from '../helpers/signed-bundles.ts';

/** What can go wrong with one request. `served` ones are processed before the answer goes wrong. */
export type Fault =
  /** 401 with Apple's JSON. */
  | 'unauthorized'
  /** 401 as plain text, as it comes from the layer before the service. */
  | 'unauthorizedText'
  /** 403, an agreement is missing. */
  | 'agreement'
  /** 429 with Retry-After: 1. */
  | 'tooMany'
  /** 429 without a hint. */
  | 'tooManyBare'
  | 'serverError'
  /** 503 with a page of a proxy. */
  | 'unavailable'
  /** 404, as for what is not known everywhere yet. */
  | 'missing'
  /** 409, version or build number are not those of the file. */
  | 'mismatch'
  /** The connection breaks before anything is read. */
  | 'refused'
  /** Nothing is ever answered. */
  | 'hung'
  /** 200 with a page of a proxy: a success that is a failure. */
  | 'garbage'
  /** Processed, then 500: a failure that is a success. */
  | 'servedError'
  /** Processed, then the connection breaks: a lost answer. */
  | 'servedLost'
  /** Processed, and answered byte by byte. */
  | 'slow'
  /** Processed, and answered as `application/octet-stream`. */
  | 'octetStream'
  /** Ticket look-up: 200 with THROTTLED in the place of the record. */
  | 'throttled'
  /** S3: 403 ExpiredToken. */
  | 'expiredToken'
  /** S3: 503 SlowDown. */
  | 'slowDown'
  /** Storage of parts: 403, the address has expired. */
  | 'addressExpired';

export const passing: readonly Fault[] = [
  ...(['unauthorized', 'unauthorizedText', 'tooMany', 'tooManyBare', 'serverError', 'unavailable'] as const),
  ...(['refused', 'garbage', 'servedError', 'servedLost', 'slow', 'octetStream'] as const),
];

/** Faults at random, the same ones for the same seed and the same order of requests. */
export interface Chaos {
  readonly seed: number;
  /** Of a hundred requests, so many meet a fault. */
  readonly percent: number;
  /** `passing` when left out. */
  readonly faults?: readonly Fault[];
  /** All routes when left out. */
  readonly routes?: readonly string[];
}

/** What shall go wrong: first what was asked for by name, then what chance brings. */
export class Faults {
  readonly #queues = new Map<string, Fault[]>();
  readonly #chaos: Chaos | undefined;
  readonly #random: (below: number) => number;

  constructor(chaos?: Chaos) {
    this.#chaos = chaos;
    this.#random = seededNumbers(chaos?.seed ?? 0);
  }

  /** The next requests of this route meet these, in this order. */
  next(route: string, ...faults: readonly Fault[]): void {
    this.#queues.set(route, [...(this.#queues.get(route) ?? []), ...faults]);
  }

  take(route: string): Fault | undefined {
    return this.#queues.get(route)?.shift() ?? this.#chance(route);
  }

  #chance(route: string): Fault | undefined {
    const { percent, faults = passing, routes } = this.#chaos ?? { percent: 0 };
    if (percent === 0 || (routes && !routes.includes(route))) return undefined;
    return this.#random(100) < percent ? faults[this.#random(faults.length)] : undefined;
  }
}
