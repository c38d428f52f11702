import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assetsOf } from '../../src/web/assets.ts';
import { startWebServer, type WebServer } from '../../src/web/server.ts';

let folder: string;
let server: WebServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-assets-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>here</title>');
  await writeFile(join(folder, 'page.js'), 'let here;');
  await writeFile(join(folder, 'gone.css'), 'p {}');
  await writeFile(join(folder, 'page.js.map'), '{}');
  const onFault = (error: unknown) => {
    throw error;
  };
  server = await startWebServer({ port: 0, routes: assetsOf(folder), onFault });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);

test('a page and what belongs to it, each with its type, and nothing from elsewhere', async () => {
  const page = await get('/');
  expect(await page.text()).toContain('<title>here</title>');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'/);
  expect((await get('/page.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
});

test.each(['/page.js.map', '/index.html', '/..%2fpage.js', '/%2e%2e/etc/passwd', '/page.js/'])(
  'not %s',
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);

test('a file that a later build has taken away is still told as it was', async () => {
  await unlink(join(folder, 'gone.css'));
  const answer = await get('/gone.css');
  expect([answer.status, await answer.text()]).toEqual([200, 'p {}']);
});
