import { againOr, pauseOr } from '../contracts/attempts.ts';
import type { TestflightContext } from './context.ts';
import { followUpTimedOut } from './failures.ts';
import type { BuildInput, BuildNews, RunInput } from './ports.ts';

export const FAILED = '#testflight.failed';

export const runOf = ({ context }: { context: TestflightContext }): RunInput => ({
  runId: context.runId,
  artifact: context.artifact,
});
export const buildOf = ({ context }: { context: TestflightContext }): BuildInput => ({
  ...runOf({ context }),
  buildId: context.buildId ?? '',
});
export const newsOf = ({ event }: { event: { output: BuildNews } }) => ({ news: event.output });
export const againOrFail = againOr(FAILED);
export const lateOrFail = (doing: string) => pauseOr(FAILED, followUpTimedOut(doing));
