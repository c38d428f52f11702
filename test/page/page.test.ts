import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  Browser,
  BrowserContextOptions,
  Locator,
  Page,
  Route as PlaywrightRoute,
  WebSocketRoute,
} from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { browserPath, faultsIn, launchBrowser, openTab, overflow } from './browser.ts';
import { openRoom, type Room } from './room.ts';

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } as const;

describe.skipIf(browserPath === undefined)('the page', () => {
  let browser: Browser;
  let room: Room;

  beforeAll(async () => {
    [browser, room] = await Promise.all([launchBrowser(), openRoom()]);
  });
  afterAll(async () => {
    await room?.end();
    await browser?.close();
  });
  afterEach(() => room.clear());

  async function open(
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Page> {
    const { page, close } = await openTab(browser, room.url, options, prepare);
    onTestFinished(close);
    return page;
  }

  const rowOf = (page: Page, jobId: string): Locator =>
    page.getByRole('listitem').filter({ hasText: jobId.slice(0, 8) });

  const runIn = (page: Page, name: string): Locator =>
    page.getByRole('region', { name: /^Jobs here/ }).getByRole('link', { name });

  test('shows a job with its stage and progress, until it has gone', async () => {
    const page = await open();
    const jobId = await room.submit({ app_name: 'Notes' });
    const row = rowOf(page, jobId);
    await row.getByText('Signing', { exact: true }).waitFor();
    expect(await row.textContent()).toMatch(/Notes.*macOS.*Codesigning/);
    await row.getByRole('progressbar', { name: /Notes: Signing/ }).waitFor();
    await page.getByText('1 of 1 at work').waitFor();
    await room.letGo(jobId);
    await row.waitFor({ state: 'detached' });
  });

  test('cancels a job, after a question', async () => {
    const page = await open();
    const jobId = await room.submit({ app_name: 'Notes' });
    const ask = page.getByRole('button', { name: 'Cancel the job Notes' });
    await ask.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Let it run' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(room.answersOf(jobId)).toEqual([]);
    await ask.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the job' }).click();
    expect(await room.answerTo(jobId)).toMatchObject({ success: false });
    await ask.waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1');
  });

  test('changes nothing for the page of another site', async () => {
    const jobId = await room.submit();
    const elsewhere = createServer((_request, response) => response.end('<p>elsewhere')).listen(
      0,
      '127.0.0.1',
    );
    await once(elsewhere, 'listening');
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
    const post = (options: object) =>
      page.evaluate<string>(
        `fetch('${room.url}api/jobs/${jobId}/cancel', ${JSON.stringify({ method: 'POST', ...options })}).then(({ type, status }) => type + ' ' + status, () => 'refused')`,
      );
    expect(await post({ mode: 'no-cors' })).toBe('refused');
    expect(await post({ headers: { 'x-perry-ship': 'page' } })).toBe('refused');
    await page.close();
    elsewhere.close();
    const asProgram = (headers: Record<string, string>) =>
      fetch(`${room.url}api/jobs/${jobId}/cancel`, { method: 'POST', headers });
    const { status } = await asProgram({ origin: 'http://evil.example', 'x-perry-ship': 'page' });
    expect([status, (await asProgram({})).status]).toEqual([403, 403]);
    await room.letGo(jobId);
    expect(await room.answerTo(jobId)).toMatchObject({ success: true });
  });

  test('says that the daemon is gone, and goes on when it is back', async () => {
    const ended = await room.submit({ app_name: 'Ended' });
    await room.letGo(ended);
    const page = await open();
    await room.stopDaemon();
    await page.getByText('The daemon does not answer.', { exact: true }).waitFor();
    await page.getByText('Not connected').waitFor();
    // what cannot be asked for is not said to be missing
    await page.evaluate(`location.hash = '#/job/${ended}'`);
    await page.getByRole('heading', { name: 'Nothing is known of this job yet' }).waitFor();
    // nobody is there yet; what comes then comes by itself, or by the button, whichever is sooner
    await page.getByRole('button', { name: 'Try now' }).click();
    await room.startDaemon();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Ended' }).waitFor();
    await page.getByRole('link', { name: 'Jobs', exact: true }).click();
    const jobId = await room.submit();
    await rowOf(page, jobId).waitFor();
  });

  test('says that it finds no room among the viewers, and watches when there is some', async () => {
    await open();
    const others = Array.from({ length: 15 }, () => new WebSocket(`${room.url.replace('http', 'ws')}live`));
    await Promise.all(others.map((socket) => once(socket, 'open')));
    const page = await browser.newPage();
    await page.goto(room.url);
    await page.getByText('The daemon has as many viewers as it may have.').waitFor();
    for (const socket of others) socket.terminate();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.close();
  });

  test('hands the Stately inspector, in its frame, what the daemon tells, and nobody else', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const viewer = (isHeard: boolean) =>
      `<script>got = []; onmessage = ({ data }) => got.push(data.name); ${isHeard ? "parent.postMessage({ type: '@statelyai.connected' }, '*')" : ''}</script>`;
    await page.route('https://stately.ai/**', (asked) =>
      asked.fulfill({ contentType: 'text/html', body: viewer(true) }),
    );
    await page.goto(`${room.url}inspector`);
    const frame = page.frames().find((each) => each.url().startsWith('https://stately.ai/'));
    await expect
      .poll(() => frame?.evaluate<string[]>('got'), { timeout: 10_000 })
      .toEqual(expect.arrayContaining(['supervisor', 'hub']));
    await page.unrouteAll();
    await page.route('https://stately.ai/**', (asked) =>
      asked.fulfill({ contentType: 'text/html', body: viewer(false) }),
    );
    await page.reload();
    // the page itself says that it is somebody: it is not its own viewer
    await page.evaluate("postMessage({ type: '@statelyai.connected' }, '*')");
    await room.submit({ app_name: 'Watched' });
    const silent = page.frames().find((each) => each.url().startsWith('https://stately.ai/'));
    expect(await silent?.evaluate('got')).toEqual([]);
    await context.close();
  });

  test('shows the same to two viewers', async () => {
    const pages = await Promise.all([open(), open()]);
    const jobId = await room.submit({ app_name: 'Shared' });
    for (const page of pages) await rowOf(page, jobId).getByText('Signing', { exact: true }).waitFor();
    await pages[0]?.close();
    await room.letGo(jobId);
    await rowOf(pages[1] as Page, jobId).waitFor({ state: 'detached' });
  });

  const VIEWS = {
    jobs: async () => {},
    history: async (page: Page) => page.getByRole('link', { name: 'History' }).click(),
    'a job': async (page: Page) => {
      await page.getByRole('link', { name: 'Jobs', exact: true }).click();
      await runIn(page, 'Notes').click();
      await page.getByRole('img', { name: /codesigning/ }).waitFor();
    },
    'a question': async (page: Page) => {
      await page.getByRole('button', { name: 'Cancel the job Notes' }).click();
      await page.getByRole('dialog').waitFor();
    },
    system: async (page: Page) => {
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'System' }).click();
      await page.locator('summary', { hasText: 'Hub connection' }).click();
      await page.getByRole('img', { name: /Hub connection is in these states: linked/ }).waitFor();
    },
  };

  test.each(['light', 'dark'] as const)(
    'has no fault that axe finds, in any view, %s',
    async (colorScheme) => {
      await room.submit({ app_name: 'Notes' });
      const page = await open({ colorScheme });
      for (const [view, go] of Object.entries(VIEWS)) {
        await go(page);
        expect(await faultsIn(page, colorScheme === 'dark'), view).toEqual([]);
      }
    },
  );

  test('is as wide as a phone, in every view', async () => {
    await room.submit({ app_name: 'Notes' });
    const page = await open(PHONE);
    for (const [view, go] of Object.entries(VIEWS)) {
      await go(page);
      expect(await overflow(page), view).toEqual([]);
    }
  });

  test('is used by keys alone', async () => {
    const jobId = await room.submit({ app_name: 'Notes' });
    const page = await open();
    const focus = () =>
      page.evaluate<string>('document.activeElement.ariaLabel || document.activeElement.innerText');
    const tabTo = async (name: RegExp, most = 40) => {
      for (let count = 0; count < most && !name.test(await focus()); count += 1)
        await page.keyboard.press('Tab');
      expect(await focus()).toMatch(name);
    };
    await page.keyboard.press('Tab');
    expect(await focus()).toBe('Skip to the content');
    await tabTo(/^Notes$/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /Notes/ }).waitFor();
    await page.getByRole('img', { name: /codesigning/ }).waitFor();

    // the question takes the keys, and gives them back where they were
    await tabTo(/^Cancel the job Notes$/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate('document.activeElement.closest("dialog") !== null')).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focus()).toBe('Cancel the job Notes');

    // the slider goes back on the way
    await tabTo(/^Step back$/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Home');
    await page.getByText(/^step 1 of \d+/).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText(/^step 2 of \d+/).waitFor();
    await page.keyboard.press('End');
    await page.getByRole('img', { name: /codesigning/ }).waitFor();

    // and the arrows from state to state
    await tabTo(/^signing, active/);
    await page.getByRole('tooltip').waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^codesigning, active/ }).waitFor();
    await tabTo(/^signing, active.*open/);
    await page.keyboard.press('ArrowDown');
    expect(await focus()).not.toMatch(/^signing,/);
    expect(room.answersOf(jobId)).toEqual([]);
  });

  test('moves nothing for those who do not want it', async () => {
    const jobId = await room.submit({ app_name: 'Notes' });
    const page = await open({ reducedMotion: 'reduce' });
    await rowOf(page, jobId).getByRole('link').click();
    await page.getByRole('img', { name: /codesigning/ }).waitFor();
    const moving = `[...document.querySelectorAll('*')].filter((each) => {
      const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(each);
      return animationName !== 'none' || parseFloat(transitionDuration) > 0 || scrollBehavior === 'smooth';
    }).length + document.getAnimations().length`;
    expect(await page.evaluate(moving)).toBe(0);
  });

  test('says so when a chart cannot be laid out', async () => {
    const page = await open({}, (tab) => tab.route('**/layout-worker.js', (asked) => asked.abort()));
    const jobId = await room.submit({ app_name: 'Notes' });
    await rowOf(page, jobId).getByRole('link').click();
    await page.getByText(/The chart could not be laid out/).waitFor();
  });

  test('shows texts of others as texts', async () => {
    const jobId = await room.submit({ app_name: 'Ended' });
    await room.letGo(jobId);
    const page = await open(PHONE, async (tab) => {
      await tab.routeWebSocket(/live/, replaceTexts);
      await tab.route('**/api/jobs**', replaceAnswer);
    });
    await room.submit({ app_name: 'Notes' });
    const links = page.locator('.row-name a');
    const views = {
      Jobs: async () => {},
      'a job that runs': async () => {
        await links.first().click();
        await page.getByRole('button', { name: /^Cancel the job/ }).waitFor();
        await page.getByRole('img', { name: /codesigning/ }).waitFor();
      },
      System: () => page.getByRole('link', { name: 'System', exact: true }).click(),
      History: () => page.getByRole('link', { name: 'History', exact: true }).click(),
      'a job that has ended': async () => {
        await links.first().click();
        await page.getByRole('region', { name: 'How it ended' }).waitFor();
        await page.getByRole('region', { name: 'Lines of the log' }).waitFor();
        await page.getByRole('img', { name: /succeeded/ }).waitFor();
      },
    };
    for (const [view, go] of Object.entries(views)) {
      await go();
      await page.getByText('<img src=x').first().waitFor();
      expect(
        await page.evaluate(
          '[window.taken, ...[...document.querySelectorAll("main :is(img, marquee, script)")].map((each) => each.outerHTML)]',
        ),
      ).toEqual([undefined]);
      expect(await page.evaluate(UNTAMED), view).toEqual([]);
      expect(await overflow(page), view).toEqual([]);
    }
  });

  test('shows how a job went, by stages and by states, and draws again only what has changed', async () => {
    const page = await open();
    const jobId = await room.submit({ app_name: 'Notes' });
    await rowOf(page, jobId).getByRole('link').click();
    const chart = (state: RegExp) => page.getByRole('img', { name: state }).waitFor();
    await chart(/codesigning/);
    await page.evaluate(WATCH_CHART);

    // its log grows while somebody looks
    room.daemon().services.logger.info({ job: jobId }, 'said just now');
    await page.getByRole('region', { name: 'Lines of the log' }).getByText('said just now').waitFor();

    // as it goes on, and to its end
    await room.letGo(jobId);
    await chart(/succeeded/);
    await page.getByRole('heading', { name: 'How it went' }).waitFor();

    // a stage leads to its states, and the slider from one to the next
    await page.getByRole('button', { name: /^Signing/ }).click();
    await chart(/work, running, signing|work: running, signing/);
    const before = await page.locator('output').textContent();
    await page.getByRole('button', { name: 'Step back' }).click();
    await expect.poll(() => page.locator('output').textContent()).not.toBe(before);
    // with all that was so besides the work, e.g. its machine, which has a chart of its own
    await chart(/machine: (owned|none)/);
    await page.getByRole('button', { name: 'Last step' }).click();
    await chart(/succeeded/);
    await page.locator('summary', { hasText: /^Machine perry/ }).click();
    await chart(/^Machine perry.*deleted/);

    expect(
      await page.evaluate(
        '[...document.querySelectorAll(".chart-state")].filter((each) => each.isOld).length - window.drawn',
      ),
    ).toBe(0);
    expect(await page.evaluate('window.moved')).toBe(0);
  });
});

/** What a person may have typed who does not wish the operator well; it turns the text around, and is long. */
const HOSTILE = `<img src=x onerror="window.taken=1"><script>alert(1)</script><marquee>\u05e9\u05dc\u05d5\u05dd 1</marquee>\u202Egnp.exe\u009b31m👩‍🚀${'W'.repeat(300)}`;
/** Longer than any field that is kept. */
const LONG = `${HOSTILE}${'W'.repeat(100_000)}`;
/** Texts with a character that turns them around or steers, and such from the right that reach beyond themselves. */
const UNTAMED = `[...document.querySelectorAll('body *')].filter((each) => [...each.childNodes].some(({ nodeType, data }) => nodeType === 3 && (/[\\u202e\\u009b]/.test(data) || (data.includes('\\u05e9') && !data.includes('\\u2068'))))).map((each) => each.outerHTML.slice(0, 200))`;
/** Fields that hold what comes from the hub, from bundles and from machines. */
const OF_OTHERS = new Set(
  'jobId appName bundleId failure name hub worker machines vm leaked summary reason nextStep message'.split(
    ' ',
  ),
);
/** The page needs these to know what a message is. */
const KINDS = /^(greeting|news)$/;

function replaceTexts(socket: WebSocketRoute): void {
  const server = socket.connectToServer();
  const replaced = (name: string, value: unknown) =>
    typeof value === 'string' && OF_OTHERS.has(name) && !KINDS.test(value) ? HOSTILE : value;
  server.onMessage((text) => socket.send(JSON.stringify(JSON.parse(String(text)), replaced)));
}

/** The page needs these to know what an answer of `/api/jobs` is. */
const WORDS_OF_RECORDS = new Set('runId target result kind stage state event entered'.split(' '));
const FAILURE = { code: LONG, kind: 'host', summary: LONG, reason: LONG, nextStep: LONG };

async function replaceAnswer(asked: PlaywrightRoute): Promise<void> {
  const response = await asked.fetch();
  const replaced = (name: string, value: unknown) => {
    if (name === 'failure') return FAILURE;
    if (name === 'submissions') return [LONG];
    return typeof value === 'string' && !WORDS_OF_RECORDS.has(name) ? LONG : value;
  };
  await asked.fulfill({ response, body: JSON.stringify(await response.json(), replaced) });
}

describe.skipIf(browserPath === undefined)('the page of a daemon with 64 jobs', () => {
  const JOBS = 64;
  let browser: Browser;
  let room: Room;

  beforeAll(async () => {
    [browser, room] = await Promise.all([launchBrowser(), openRoom(JOBS)]);
  });
  afterAll(async () => {
    await room?.end();
    await browser?.close();
  });

  test('touches the rows of jobs that change, and no others', async () => {
    const { page, close } = await openTab(browser, room.url);
    onTestFinished(close);
    const jobs = await Promise.all(
      Array.from({ length: JOBS }, (_, index) => room.submit({ app_name: `App ${index}` })),
    );
    const rows = page.locator('#running ~ ul > li, ul.rows > li').filter({ hasText: 'App ' });
    await page.getByText(`of ${JOBS} at work`).waitFor();
    await expect.poll(() => rows.filter({ hasText: 'Signing' }).count()).toBe(JOBS);
    await page.evaluate(WATCH_ROWS);
    const [first] = jobs as [string];
    await room.letGo(first);
    await page.getByText(`of ${JOBS - 1} at work`).waitFor();
    expect(
      await page.evaluate('[...document.querySelectorAll("ul.rows > li")].filter((row) => row.isOld).length'),
    ).toBe(JOBS - 1);
    expect(await page.evaluate('[...window.touched].filter((name) => name !== window.nameOf(0))')).toEqual(
      [],
    );
    await room.clear();
    await page.getByText('No job is here.').waitFor();
  });
});

/** Counts what of a chart gets another place, and not only another look. */
const WATCH_CHART = `{
  const PLACES = ['x', 'y', 'd', 'width', 'height', 'viewBox'];
  const states = document.querySelectorAll('.chart-state');
  window.drawn = states.length;
  window.moved = 0;
  for (const each of states) each.isOld = true;
  new MutationObserver((changes) => {
    window.moved += changes.filter(({ attributeName }) => PLACES.includes(attributeName)).length;
  }).observe(document.querySelector('.chart-picture'), { subtree: true, attributes: true });
}`;

/** Names of jobs whose rows were changed, apart from their clocks. */
const WATCH_ROWS = `{
  const rows = [...document.querySelectorAll('ul.rows > li')];
  const nameIn = (row) => row.querySelector('a').innerText;
  window.nameOf = (index) => 'App ' + index;
  window.touched = new Set();
  for (const row of rows) {
    row.isOld = true;
    const name = nameIn(row);
    new MutationObserver((changes) => {
      if (changes.some(({ target }) => !(target.closest ? target : target.parentElement)?.closest('.row-time'))) window.touched.add(name);
    }).observe(row, { childList: true, subtree: true, attributes: true, characterData: true });
  }
}`;
