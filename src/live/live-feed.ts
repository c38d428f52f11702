import { type AnyActorRef, createActor } from 'xstate';
import { pageFeedMachine } from '../../machines/page-feed/machine.ts';
import { familyOf, guardWith } from '../observability/observer.ts';
import type { RedactText } from '../observability/sanitise.ts';
import { createFeed, type Feed, type Viewer } from '../web/feed.ts';
import { type ActorWatch, createActorWatch } from './actor-watch.ts';
import { type FollowLogs, LogLooks } from './log-looks.ts';
import type { Greeting, News, Standing, Wish } from './messages.ts';

export interface LiveFeedOptions {
  readonly root: AnyActorRef;
  /** What makes the machines, as the page says it. */
  readonly machines: string;
  /** How things stand now; asked for once in a beat while somebody watches. */
  readonly standing: () => Standing;
  /** What people wrote for people passes it; the statecharts hold no secret in the first place. */
  readonly redact: RedactText;
  readonly logs: FollowLogs;
  /** Something could not be told; said at most once for each kind. */
  readonly onFault: (error: unknown) => void;
}

export interface LiveFeed {
  /** At `/live`, for the web server. */
  readonly feed: Feed;
  stop(): void;
}

const GREET: Wish = 'greet';
const LOOK: Wish = 'look';

/**
 * Tells everybody who has the page open what happens, a few times a second. A viewer that comes, or did not keep up, is
 * told everything; all others are told what has changed.
 */
export function createLiveFeed({ root, redact, onFault, logs, ...about }: LiveFeedOptions): LiveFeed {
  const guarded = guardWith(onFault);
  const watch = createActorWatch(redact);
  const pacing = createActor(pageFeedMachine);
  const viewers = new Viewers(watch, about);
  // the last viewers leave when all is over
  const say: typeof pacing.send = (event) => {
    if (pacing.getSnapshot().status === 'active') pacing.send(event);
  };
  const changed = () => say({ type: 'feed.changed' });
  const looks = new LogLooks(logs, changed);
  const feed = createFeed({
    path: '/live',
    joined: (viewer) => {
      viewers.await(viewer);
      say({ type: 'viewer.joined' });
      changed();
    },
    left: (viewer) => {
      viewers.forget(viewer);
      looks.forget(viewer);
      say({ type: 'viewer.left' });
    },
    heard: (viewer, text) => {
      const [word, runId = '', ...rest] = text.split(' ');
      if (rest.length > 0) return;
      if (word === LOOK) looks.look(viewer, runId);
      if (text !== GREET) return;
      viewers.await(viewer);
      changed();
    },
  });
  pacing.on('page.due', () => {
    guarded(() => viewers.tell(feed));
    guarded(() => looks.tell());
  });
  pacing.start();
  for (const actor of familyOf(root)) guarded(() => watch.meet(actor));
  const subscription = root.system.inspect({
    next: (inspected) => guarded(() => void (watch.see(inspected) && changed())),
  });
  const stop = () => {
    subscription.unsubscribe();
    looks.stop();
    pacing.stop();
  };
  return { feed, stop };
}

/** What they have been told. */
class Viewers {
  readonly #watch: ActorWatch;
  readonly #about: Pick<LiveFeedOptions, 'machines' | 'standing'>;
  readonly #ungreeted = new Set<Viewer>();
  #messages = 0;
  #toldStanding = '';

  constructor(watch: ActorWatch, about: Pick<LiveFeedOptions, 'machines' | 'standing'>) {
    this.#watch = watch;
    this.#about = about;
  }

  await(viewer: Viewer): void {
    this.#ungreeted.add(viewer);
  }

  forget(viewer: Viewer): void {
    this.#ungreeted.delete(viewer);
  }

  /** All of them the news, and those that wait for it everything, as soon as they have read what came before. */
  tell(feed: Feed): void {
    this.#messages += 1;
    const standing = this.#about.standing();
    const head = { number: this.#messages, atMs: Date.now() };
    feed.broadcast(JSON.stringify(this.#news(head, standing)));
    const ready = [...this.#ungreeted].filter(({ keepsUp }) => keepsUp);
    if (ready.length === 0) return;
    const text = JSON.stringify(this.#greeting(head, standing));
    for (const viewer of ready) {
      viewer.send(text);
      this.#ungreeted.delete(viewer);
    }
  }

  #news(head: Head, standing: Standing): News {
    const signature = JSON.stringify(standing, withoutClocks);
    const hasChanged = signature !== this.#toldStanding;
    this.#toldStanding = signature;
    return { type: 'news', ...head, ...(hasChanged && { standing }), ...this.#watch.news() };
  }

  #greeting(head: Head, standing: Standing): Greeting {
    return { type: 'greeting', ...head, machines: this.#about.machines, standing, ...this.#watch.whole() };
  }
}

type Head = Pick<News, 'number' | 'atMs'>;

/** They go on without any change: the page counts them on by itself. */
const CLOCKS = new Set(['uptimeSeconds', 'elapsedSeconds', 'nextTryInSeconds', 'secondsAgo']);
const withoutClocks = (name: string, value: unknown): unknown => (CLOCKS.has(name) ? undefined : value);
