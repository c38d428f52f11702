import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Route, WebAnswer } from './route.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** A page and what lies beside it may load each other, and open the WebSockets of the server that they came from. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * A route for each file of a folder, under its name: `index.html` is `/`. All is read once: nothing that comes in a
 * request becomes a path, and a program that was put in the place of this one meanwhile does not mix its page with this
 * one's. Files of other types than a page has, e.g. source maps, are left out.
 */
export const assetsOf = (folder: string): readonly Route[] =>
  readdirSync(folder)
    .filter((name) => Object.hasOwn(TYPES, extname(name)))
    .map((name) => {
      const answer = assetAt(join(folder, name));
      return { path: name === 'index.html' ? '/' : `/${name}`, get: () => answer };
    });

const assetAt = (path: string): WebAnswer => ({
  type: TYPES[extname(path)] as string,
  body: readFileSync(path),
  headers: { 'content-security-policy': PAGE_POLICY },
});
