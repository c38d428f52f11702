import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCli } from '../integration/cli.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-alarms-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function call(env: Record<string, string>, ...words: string[]) {
  const cli = startCli({ PERRY_VM_DRIVER: 'local', ...env }, 'alarms', 'test', ...words);
  return { code: await cli.ended, text: cli.lines.join('\n') };
}

describe('perry-ship alarms test', () => {
  test('sends a notice by both ways, with the settings of a file', async () => {
    const bodies: string[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request.setEncoding('utf8')) body += part;
      bodies.push(body);
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const file = join(folder, 'settings');
    const heard = join(folder, 'heard');
    const { port } = server.address() as AddressInfo;
    await writeFile(
      file,
      `PERRY_ALERT_URL=http://127.0.0.1:${port}/hunter2\nPERRY_ALERT_COMMAND=["/bin/sh","-c","cat > '${heard}'"]\n`,
      { mode: 0o600 },
    );
    const { code, text } = await call({}, '--env-file', file);
    server.close();
    expect([code, text]).toEqual([
      0,
      `The command "/bin/sh" took a test alarm.\nThe webhook at 127.0.0.1:${port} took a test alarm.`,
    ]);
    for (const body of [bodies[0] ?? '', await readFile(heard, 'utf8')])
      expect(JSON.parse(body)).toMatchObject({
        event: 'test',
        text: expect.stringMatching(/^TEST test on /),
      });
  });

  test('says which way does not work, and why, without the secret in it', async () => {
    const env = { PERRY_ALERT_COMMAND: 'false', PERRY_ALERT_URL: 'http://127.0.0.1:1/hunter2' };
    const { code, text } = await call(env);
    expect(code).toBe(1);
    expect(text).toMatch(/ALARM_NOT_DELIVERED: The command "false".*exit code 1/);
    expect(text).toMatch(/ALARM_NOT_DELIVERED: The webhook .* at 127\.0\.0\.1:1 .*ECONNREFUSED/);
    expect(text).not.toContain('hunter2');
    const json = await call(env, '--json');
    expect(JSON.parse(json.text)).toMatchObject({
      ok: false,
      ways: [
        { channel: 'command', ok: false, error: { code: 'ALARM_NOT_DELIVERED' } },
        { channel: 'webhook', ok: false, error: { code: 'ALARM_NOT_DELIVERED' } },
      ],
    });
  });

  test('says that no way is set', async () => {
    const { code, text } = await call({});
    expect(code).toBe(78);
    expect(text).toMatch(/CONFIG_INVALID: An alarm reaches nobody\..*--env-file/);
  });

  test.each([
    ['PERRY_ALERT_COMMAND', 'mail -s "an alarm" me', /is no line of a shell: write it as a JSON array/],
    ['PERRY_ALERT_COMMAND', 'notify | tee log', /is no line of a shell/],
    ['PERRY_ALERT_COMMAND', '["a", 1]', /must be a program and its arguments/],
    ['PERRY_ALERT_COMMAND', '[]', /must be a program and its arguments/],
    ['PERRY_ALERT_COMMAND', '["a"', /must be a program and its arguments/],
    ['PERRY_ALERT_URL', 'http://hooks.example/hunter2', /must be an https:\/\/ address/],
    ['PERRY_ALERT_URL', 'https://me:hunter2@hooks.example/', /without user name/],
    ['PERRY_ALERT_URL', 'hunter2', /must be an https:\/\/ address/],
  ])('%s=%s is refused', async (name, value, reason) => {
    const { code, text } = await call({ [name]: value });
    expect(code).toBe(78);
    expect(text).toMatch(reason);
    expect(text).not.toContain('hunter2');
  });
});
