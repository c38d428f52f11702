import type { ControlReply } from '../control/protocol.ts';
import { json, type Route } from '../web/route.ts';
import type { WebSurroundings } from './web-surroundings.ts';

/** What a person may ask for on the page; the web server lets only our own page ask. */
export const wishRoutes = ({ ask, status }: Pick<WebSurroundings, 'ask' | 'status'>): readonly Route[] => [
  ...(['drain', 'pause', 'resume'] as const).map((request) => ({
    path: `/api/${request}`,
    post: () => answer(ask({ request })),
  })),
  {
    path: '/api/jobs/:id/cancel',
    post: ({ params: { id: jobId = '' } }) => {
      // on the page a job is clicked on: what only begins like its name is another one
      const isHere = status().runs.some((run) => run.jobId === jobId && run.phase !== 'concluded');
      return isHere ? answer(ask({ request: 'cancel', jobId })) : json({ ok: false, failure: ended }, 409);
    },
  },
];

const ended = {
  code: 'JOB_UNKNOWN',
  summary: 'This job is not running here.',
  reason: 'It has ended, or it only cleans up.',
  nextStep: 'See its page for what became of it.',
} as const;

/** Not the whole status: the page has it already. */
const answer = (reply: ControlReply) => (reply.ok ? json({ ok: true }) : json(reply, 409));
