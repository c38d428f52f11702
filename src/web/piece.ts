import type { Feed } from './feed.ts';
import type { Route } from './route.ts';

/** What one room of the daemon brings to a web server. */
export interface Piece {
  readonly routes?: readonly Route[];
  readonly feeds?: readonly Feed[];
  /** Lets go of what it looks at; the server has closed by then. */
  readonly stop?: () => void;
}
