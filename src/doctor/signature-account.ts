import { chainIn } from '../audit/places.ts';
import { standingWhenOpened } from '../audit/standing.ts';
import { whyNot } from '../audit/why-not.ts';
import type { Config } from '../config/load.ts';
import { counted } from '../text.ts';
import { type Check, failed, ok, remark } from './check.ts';

/** Without it no artifact leaves this host. Of its lines only the last is looked at. */
export const signatureAccount = ({ stateDir }: Config): Check => ({
  question: 'Can signatures be entered in their account?',
  ask: async () => {
    const path = chainIn(stateDir);
    try {
      const { last, fault } = await standingWhenOpened(path);
      if (fault !== null)
        return remark(`${path}: ${fault}`, 'Run "perry-ship audit verify", which says where.');
      return ok(last ? `${path}, ${counted(last.number, 'line')}` : `${path} will be made`);
    } catch (error) {
      return failed(`${path}: ${whyNot(error)}`, FIX);
    }
  },
});

const FIX =
  'Let the user of the daemon read and write the file and its folder. Where something else lies in its place, move that away and keep it, and put the file back from your copy.';
