const STATELY = 'https://stately.ai/inspect';

/** How to look at the same actors with the inspector of the makers of XState. */
export const Inspector = () => (
  <section class="card" aria-labelledby="inspector">
    <h2 id="inspector">Stately inspector</h2>
    <p>
      The same statecharts can be watched live in the inspector of the makers of XState. Their page runs in
      this browser and connects to this daemon; no data leaves this machine for it, and it sees no more than
      this page does.
    </p>
    <p>
      <a
        href={`${STATELY}?server=${encodeURIComponent(location.host)}`}
        rel="noreferrer noopener"
        target="_blank"
      >
        Open the Stately inspector
      </a>{' '}
      (a page on the net), or give it this address: <code>ws://{location.host}/</code>
    </p>
  </section>
);
