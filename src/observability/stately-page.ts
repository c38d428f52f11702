import { STATELY_ORIGINS } from '../web/access.ts';
import type { Route } from '../web/route.ts';

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Stately inspector · perry-ship</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/main.css">
</head>
<body class="framing">
<script type="module" src="/stately-page.js"></script>
</body>
</html>
`;

/** The viewer of the makers of XState, in a frame of a page of ours: the only one that shows anything from the net. */
export const statelyPage: Route = {
  path: '/inspector',
  get: () => ({
    type: 'text/html; charset=utf-8',
    body: html,
    headers: {
      'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-src ${STATELY_ORIGINS.join(' ')}; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    },
  }),
};
