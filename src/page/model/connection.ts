import type { LiveMessage, Wish } from '../../live/messages.ts';
import { reduce, withLog } from './reduce.ts';
import type { Link } from './state.ts';
import { store } from './store.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** The daemon says something every few seconds. */
const SILENCE_MS = 15_000;

/** How the daemon closes a connection that it has no room for: "try again later", of the registry of RFC 6455. */
const NO_ROOM = 1013;

const GREET: Wish = 'greet';

/** Follows the daemon, as long as the page is open: a connection that breaks is opened again, later each time. */
export function followDaemon(): void {
  let attempts = 0;
  let lastNumber = 0;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const open = () => {
    clearTimeout(retry);
    lastNumber = 0;
    const socket = new WebSocket(`ws://${location.host}/live`);
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.close(), SILENCE_MS);
    };
    listen();
    say = (wish) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(wish);
    };
    socket.onopen = () => lookAgain();
    socket.onmessage = ({ data }) => {
      listen();
      attempts = 0;
      const news = JSON.parse(String(data)) as LiveMessage;
      if (news.type === 'log') return store.put(withLog(store.state, news));
      if (news.type !== 'greeting' && news.number !== lastNumber + 1) {
        // before the greeting, or something was missed
        if (lastNumber !== 0) catchUp(socket);
        lastNumber = 0;
        return;
      }
      lastNumber = news.number;
      store.put(reduce(store.state, news, Date.now()));
    };
    socket.onclose = ({ code }) => {
      clearTimeout(silence);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** attempts, LONGEST_PAUSE_MS);
      attempts += 1;
      lose(Date.now() + pauseMs, code === NO_ROOM);
      retry = setTimeout(open, pauseMs);
    };
    tryNow = () => {
      if (socket.readyState === WebSocket.CLOSED) open();
    };
  };
  open();
}

/** Until the greeting comes, what is shown is no longer live. */
function catchUp(socket: WebSocket): void {
  socket.send(GREET);
  store.put({ ...store.state, link: { phase: 'connecting' } });
}

let tryNow = () => {};
let say: (wish: Wish) => void = () => {};

/** Of this run the log is told as it grows, and of no other; of none, when it is undefined. */
export function lookAtLog(runId: string | undefined): void {
  store.put({ ...store.state, log: runId === undefined ? null : { runId, lines: [] } });
  say(runId === undefined ? 'look' : `look ${runId}`);
}

/** A new connection knows of no wish. */
function lookAgain(): void {
  const { log } = store.state;
  if (log) say(`look ${log.runId}`);
}

/** Without waiting for the end of the pause. */
export const connectNow = (): void => tryNow();

function lose(nextTryAtMs: number, isFull: boolean): void {
  const { link } = store.state;
  const sinceMs = link.phase === 'lost' ? link.sinceMs : Date.now();
  const lost: Link = { phase: 'lost', sinceMs, nextTryAtMs, isFull };
  store.put({ ...store.state, link: lost });
}
