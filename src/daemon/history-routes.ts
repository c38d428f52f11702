import * as z from 'zod';
import { type History, withoutWay } from '../history/record.ts';
import { json, type Route, text } from '../web/route.ts';

const MOST_JOBS = 500;

const querySchema = z.object({
  limit: z.coerce.number().int().min(1).max(MOST_JOBS).default(100),
  failedOnly: z.stringbool().default(false),
  /** Milliseconds since 1970. */
  sinceMs: z.coerce.number().nonnegative().optional(),
});

/**
 * What became of the jobs: `GET /api/jobs?limit=100&failedOnly=true&sinceMs=0` → `{ jobs: JobRecord[] }`, newest first
 * and without the way of each; `GET /api/jobs/ID`, of a run or a job → `{ record: JobRecord, log: JobLog }`.
 */
export const historyRoutes = (history: History): readonly Route[] => [
  {
    path: '/api/jobs',
    get: ({ query }) => {
      const { success, data, error } = querySchema.safeParse(Object.fromEntries(query));
      if (!success) return text(400, `${z.prettifyError(error)}\n`);
      const { sinceMs, ...options } = data;
      const found = history.list({ ...options, ...(sinceMs !== undefined && { sinceMs }) });
      return json({ jobs: found.map(withoutWay) });
    },
  },
  {
    path: '/api/jobs/:id',
    get: async ({ params: { id = '' } }) => {
      const record = history.record(id);
      if (!record) return text(404, 'No such job is in the history.\n');
      return json({ record, log: await history.log(record.runId) });
    },
  },
];
