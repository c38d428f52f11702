import { useEffect, useState } from 'preact/hooks';

const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

/** One clock for all that tick; it stands still while nobody looks. */
function keepTicking(): void {
  const isWanted = listeners.size > 0 && document.visibilityState === 'visible';
  if (isWanted && ticking === undefined) ticking = setInterval(tick, 1_000);
  if (!isWanted && ticking !== undefined) {
    clearInterval(ticking);
    ticking = undefined;
  }
}

function tick(): void {
  for (const listener of [...listeners]) listener();
}

document.addEventListener('visibilitychange', () => {
  keepTicking();
  if (document.visibilityState === 'visible') tick();
});

/** The time, each second anew, in milliseconds since 1970. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const look = () => setNow(Date.now());
    listeners.add(look);
    keepTicking();
    return () => {
      listeners.delete(look);
      keepTicking();
    };
  }, []);
  return now;
}
