/**
 * A page that holds the inspector of the makers of XState in a frame and hands it what this daemon tells. Their viewer
 * says when it listens (`@statelyai/inspect` 0.7.2, `createInspectorServer`), once: what comes before that waits, and the
 * frame is made by whoever waits for its word.
 */
const VIEWERS = ['https://stately.ai', 'https://www.stately.ai'];
/** Of messages that wait, the newest: a greeting is longer than any burst. */
const MOST_WAITING = 20_000;

const frame = document.createElement('iframe');
frame.src = 'https://stately.ai/inspect';
frame.title = 'Stately inspector';
const waiting: unknown[] = [];
let tell = (message: unknown): void => {
  waiting.push(message);
  if (waiting.length > MOST_WAITING) waiting.shift();
};

addEventListener('message', ({ data, origin, source }) => {
  const viewer = frame.contentWindow;
  if (!viewer || source !== viewer || !VIEWERS.includes(origin)) return;
  if (data?.type !== '@statelyai.connected') return;
  tell = (message) => viewer.postMessage(message, origin);
  for (const message of waiting.splice(0)) tell(message);
});

document.body.append(frame);
new WebSocket(`ws://${location.host}/`).onmessage = ({ data }) => tell(JSON.parse(String(data)));
