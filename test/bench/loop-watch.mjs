/**
 * Loaded into a daemon before its own program: a SIGUSR2 has it say how long a turn of its event loop took at most since the
 * last one, and how long the processors worked for it meanwhile.
 */
const TICK_MS = 5;

const now = () => {
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), cpuMs: (user + system) / 1_000 };
};
let last = now();
let longest = { longestTurnMs: 0, longestTurnCpuMs: 0 };

setInterval(() => {
  const current = now();
  longest = {
    longestTurnMs: Math.max(longest.longestTurnMs, current.atMs - last.atMs - TICK_MS),
    longestTurnCpuMs: Math.max(longest.longestTurnCpuMs, current.cpuMs - last.cpuMs),
  };
  last = current;
}, TICK_MS).unref();

process.on('SIGUSR2', () => {
  process.stderr.write(`${JSON.stringify(longest)}\n`);
  longest = { longestTurnMs: 0, longestTurnCpuMs: 0 };
});
