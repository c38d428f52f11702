import type { News, Wish } from '../../live/messages.ts';
import { reduce } from './reduce.ts';
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
    socket.onmessage = ({ data }) => {
      listen();
      attempts = 0;
      const news = JSON.parse(String(data)) as News;
      if (news.type !== 'greeting' && news.number !== lastNumber + 1) {
        // before the greeting, or something was missed
        if (lastNumber !== 0) socket.send(GREET);
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

let tryNow = () => {};

/** Without waiting for the end of the pause. */
export const connectNow = (): void => tryNow();

function lose(nextTryAtMs: number, isFull: boolean): void {
  const { link } = store.state;
  const sinceMs = link.phase === 'lost' ? link.sinceMs : Date.now();
  const lost: Link = { phase: 'lost', sinceMs, nextTryAtMs, isFull };
  store.put({ ...store.state, link: lost });
}
