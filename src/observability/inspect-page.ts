import { createHash } from 'node:crypto';
import type { Route } from '../web/route.ts';
import { pageScript } from './inspect-page-script.ts';
import { pageStyle } from './inspect-page-style.ts';

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * One file without anything from elsewhere: it works on a host that has no way to the net.
 *
 * @param machines - what makes the machines, in words of our own, e.g. `qemu (emulated)`
 */
export const inspectPage = (machines: string): Route => ({
  path: '/',
  get: () => ({
    type: 'text/html; charset=utf-8',
    body: htmlWith(machines),
    headers: { 'content-security-policy': POLICY },
  }),
});

/** Nothing but the style and the script of this page, and the WebSocket it came from. */
const POLICY = `default-src 'none'; style-src ${hashOf(pageStyle)}; script-src ${hashOf(pageScript)}; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const htmlWith = (machines: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>perry-ship</title>
<style>${pageStyle}</style>
</head>
<body>
<header><h1>perry-ship</h1><p>Machines: ${machines}</p><dl id="facts"></dl></header>
<main>
<section><h2>Jobs</h2><div id="jobs"></div></section>
<section><h2>Statecharts</h2><div id="charts"></div></section>
<section><h2>Recent events</h2><ol id="events"></ol></section>
</main>
<script>${pageScript}</script>
</body>
</html>
`;
