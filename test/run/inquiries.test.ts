import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { renderFailure, toFailure } from '../../machines/contracts/failure.ts';
import { withInquirer } from '../../src/actors/inquiries.ts';
import { runLimitsOf } from '../../src/run/host/limits.ts';
import { startRunProcess } from '../../src/run/host/run-process.ts';
import { descendantTexts } from '../helpers/leak-check.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-inquiries-'));
  vi.stubEnv('TMPDIR', folder);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const memory = { runHeapMb: 64, runMemoryMb: 200 };
const limits = runLimitsOf(memory);
const question = { p12Base64: '', password: '' };

/** What a process may do that was taken over by the file that it reads, when it is asked. */
const programs = {
  aborts: ['process.abort();', 'RUN_PROCESS_LOST'],
  'fills its heap': [
    'const all = []; for (;;) all.push(new Array(1000).fill(all.length));',
    'RUN_OUT_OF_MEMORY',
  ],
  'takes memory beside its heap': [
    'const all = []; setInterval(() => all.length < 8 && all.push(Buffer.alloc(50_000_000, 1)), 10);',
    'RUN_OUT_OF_MEMORY',
  ],
  'is killed': ["process.kill(process.pid, 'SIGKILL');", 'RUN_PROCESS_KILLED'],
  'ends without a word': ['process.exit(0);', 'RUN_PROCESS_LOST'],
  'says what cannot be read': ["channel.write('no frame at all');", 'RUN_PROCESS_LOST'],
  'gives no answer to the question': [
    `const body = Buffer.from('{"type":"done","id":1,"output":"yes"}');
     const header = Buffer.alloc(4);
     header.writeUInt32BE(body.length);
     channel.write(Buffer.concat([header, body]));`,
    'RUN_PROCESS_LOST',
  ],
} as const;

const programOf = async (name: string, work: string): Promise<string> => {
  const path = join(folder, `${name.replaceAll(' ', '-')}.cjs`);
  const channel = "const channel = new (require('node:net').Socket)({ fd: 3 });";
  await writeFile(path, `${channel}\nchannel.once('data', () => { ${work} });`);
  return path;
};

/** What is in the folder for temporary files beside our programs. */
const left = async () => (await readdir(folder)).filter((name) => !name.endsWith('.cjs'));

test.each(Object.entries(programs))(
  'a process that %s is told of as what reads the file',
  async (name, [work, code]) => {
    const path = await programOf(name, work);
    const asked = withInquirer({ memory, start: () => startRunProcess(limits, path) }, ({ ask }) =>
      ask('tryPassword', question, new AbortController().signal),
    );
    const failure = toFailure(await asked.catch((error: unknown) => error));
    expect(failure.code).toBe(code);
    expect(renderFailure(failure, 'terminal')).toMatch(/[Rr]eading the file|reads the file/);
    expect(renderFailure(failure, 'terminal')).not.toMatch(/sign/);
    expect(descendantTexts().filter((text) => text.includes(path))).toEqual([]);
    expect(await left()).toEqual([]);
  },
);

test('one that loops for ever is gone when the command is stopped', async () => {
  const path = await programOf('loops', 'for (;;);');
  const stopping = new AbortController();
  const stopped = new Error('stopped');
  const asked = withInquirer({ memory, start: () => startRunProcess(limits, path) }, async ({ ask }) => {
    const answer = ask('tryPassword', question, stopping.signal);
    stopping.abort(stopped);
    return answer;
  });
  await expect(asked).rejects.toBe(stopped);
  expect(descendantTexts().filter((text) => text.includes(path))).toEqual([]);
  expect(await left()).toEqual([]);
});
