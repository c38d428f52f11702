/** How to look at the same actors with the inspector of the makers of XState. */
export const Inspector = () => (
  <section class="card" aria-labelledby="inspector">
    <h2 id="inspector">Stately inspector</h2>
    <p>
      The same statecharts can be watched in the inspector of the makers of XState. It is a page of
      stately.ai, shown in this browser: it needs the net, and sees what this page sees, nothing secret.
    </p>
    <p>
      <a href="/inspector" rel="noreferrer noopener" target="_blank">
        Open the Stately inspector
      </a>{' '}
      in a tab of its own. Other viewers of its format find everything at <code>ws://{location.host}/</code>
    </p>
  </section>
);
