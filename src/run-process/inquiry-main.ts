/** The process that reads files for a command: what is in them can do nothing to the one that asks. */
import { CallServer } from '../run/room/call-server.ts';
import { openChannel } from './channel.ts';
import { answerInquiry } from './inquiries.ts';

const say = openChannel({
  hear: (message) => server.hear(message),
  // no error that nobody catches holds a password: it goes straight to what opens the file
  redact: () => 'an error that nobody caught\n',
});
const server = new CallServer({ say, answer: answerInquiry });
say({ type: 'ready' });
