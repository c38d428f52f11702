export interface LoopReport {
  readonly longestTurnMs: number;
  readonly longestTurnCpuMs: number;
}

/** What a daemon that has loaded `loop-watch.mjs` says of its event loop when it is asked. */
export class LoopReports {
  #told: (report: LoopReport) => void = () => {};

  hear(line: string): void {
    if (line.startsWith('{"longestTurnMs":')) this.#told(JSON.parse(line) as LoopReport);
  }

  /** Since it was last asked. */
  next(pid: number): Promise<LoopReport> {
    const report = new Promise<LoopReport>((resolve) => {
      this.#told = resolve;
    });
    process.kill(pid, 'SIGUSR2');
    return report;
  }
}
