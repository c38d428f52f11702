import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const FIXED = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The browser of this host, if it has one. */
export const browserPath: string | undefined = [
  ...(process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))),
  ...FIXED,
].find(isExecutable);

if (browserPath === undefined)
  console.error('The tests of the page are skipped: this host has no Chromium (Debian package chromium).');

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: browserPath as string,
    // its sandbox does not work for root
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });

/** One tab, in which nothing may go wrong unseen. */
export interface Tab {
  readonly page: Page;
  /** What the browser complained of, and what the page asked of others than its daemon. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** What a browser says about a server that is not there; the page says it in its own way. */
const GONE = /ERR_CONNECTION_REFUSED|ERR_FAILED|ERR_CONNECTION_RESET|WebSocket connection to/;

export async function openTab(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare?: (page: Page) => Promise<unknown>,
): Promise<Tab> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (said) => {
    if (['error', 'warning'].includes(said.type()) && !GONE.test(said.text())) complaints.push(said.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`);
  });
  await prepare?.(page);
  await page.goto(url);
  await page.getByText('Live', { exact: true }).waitFor();
  const close = async () => {
    await context.close();
    expect(complaints, 'complaints of the browser').toEqual([]);
  };
  return { page, complaints, close };
}

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const COLOURS = ['color-contrast', 'link-in-text-block'];

interface WithAxe {
  readonly axe: { run(options: RunOptions): Promise<AxeResults> };
}

/** What axe finds wrong with the page as it is now, one line each; of the colours alone, where all else is known. */
export async function faultsIn(page: Page, isColourAlone = false): Promise<string[]> {
  await page.evaluate(axeSource);
  const options: RunOptions = isColourAlone ? { runOnly: { type: 'rule', values: COLOURS } } : {};
  const { violations } = await page.evaluate(
    (wanted) => (globalThis as unknown as WithAxe).axe.run(wanted),
    options,
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary ?? ''}`),
  );
}

/** What makes the page wider than its window: the innermost elements that reach beyond it. */
export const overflow = (page: Page): Promise<string[]> => page.evaluate<string[]>(TOO_WIDE);

const TOO_WIDE = `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
  .filter((each) => each.getBoundingClientRect().right > innerWidth && ![...each.children].some((child) => child.getBoundingClientRect().right > innerWidth))
  .map((each) => each.outerHTML.slice(0, 300))`;
