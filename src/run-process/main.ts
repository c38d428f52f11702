/**
 * The process of one run. It is started before there is a job, is given one, does its steps, and ends when the channel
 * to the daemon breaks, however the daemon ends.
 */
import { RunServer } from '../run/room/run-server.ts';
import { openChannel } from './channel.ts';
import { stepsFor } from './steps-for.ts';

const say = openChannel({
  hear: (message) => server.hear(message),
  redact: (text) => server.redact(text),
});
const server = new RunServer({
  say,
  stepsFor: (setup) => {
    // what a library puts aside goes with the run
    process.env.TMPDIR = setup.folders.run;
    return stepsFor(setup);
  },
});
say({ type: 'ready' });
// every run needs it, and its first step should not wait for it; what is wrong with it is said there
void import('../adapters/http/client.ts').catch(() => {});
