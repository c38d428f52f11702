import * as z from 'zod';
import { ShipError } from '../../errors.ts';
import { withoutTrailing } from '../../text.ts';
import type { ApiTokens } from '../apple/api-token.ts';
import { below } from '../apple/apple-hosts.ts';
import {
  type AppleAnswer,
  type AppleCall,
  askApple,
  errorsIn,
  invalidAnswer,
  refusal,
} from '../apple/apple-http.ts';
import { adviceFor, isDuplicate } from './advice.ts';

/** Where App Store Connect is, and with which key it is asked. */
export interface StoreAccess {
  /** `/v1/…` is added to it. */
  readonly baseUrl: URL;
  readonly tokens: ApiTokens;
}

const SERVICE = 'App Store Connect';
export const id = z.string().min(1).max(200);
export const one = z.object({ data: z.object({ id }) });

/** One question of ours. */
export interface Asking {
  readonly what: string;
  readonly method?: AppleCall['method'];
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** The error for a 404, where that is an answer. */
  readonly missing?: () => ShipError;
  /** What an objection of Apple's is about; the build that is being sent when left out. */
  readonly about?: 'testing';
}

/**
 * Asks, and reads the answer by its schema.
 *
 * @throws ShipError as `askApple` · STORE_REJECTED · STORE_DUPLICATE · APPLE_ANSWER_INVALID
 */
export async function askStore<T extends z.ZodType>(
  access: StoreAccess,
  asking: Asking,
  schema: T,
  signal: AbortSignal,
): Promise<z.output<T>> {
  const { call, answer } = await answered(access, asking, signal);
  const read = schema.safeParse(answer.json);
  if (read.success) return read.data;
  throw invalidAnswer(call, `${read.error.issues[0]?.path.join('.') || 'the whole'} is not as documented`);
}

/** Of one list; the largest teams have some thousand apps. */
const MAX_PAGES = 50;
/** The most that Apple gives in one page. */
const PAGE_ROWS = '200';

/**
 * The rows of a list, page after page, as many as the caller takes. Of the address of the next page only its place in
 * the list is taken: the same question goes on from there.
 *
 * @throws ShipError as `askStore`
 * @see https://developer.apple.com/documentation/appstoreconnectapi/pagedocumentlinks
 */
export async function* listStore<T extends z.ZodType>(
  access: StoreAccess,
  asking: Asking,
  row: T,
  signal: AbortSignal,
): AsyncGenerator<z.output<T>, void, void> {
  const page = z.object({ data: z.array(row), links: z.object({ next: z.string().nullish() }).nullish() });
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const query = { ...asking.query, limit: PAGE_ROWS, ...(cursor !== undefined && { cursor }) };
    const { data, links } = await askStore(access, { ...asking, query }, page, signal);
    yield* data;
    const next = cursorIn(links?.next);
    if (next === undefined || next === cursor) return;
    cursor = next;
  }
}

const cursorIn = (next: string | null | undefined): string | undefined =>
  (next && URL.canParse(next) && new URL(next).searchParams.get('cursor')) || undefined;

/**
 * Says something that Apple answers with 204, without a word: a page of a proxy is no such answer.
 *
 * @throws ShipError as `askStore`
 */
export async function tellStore(access: StoreAccess, asking: Asking, signal: AbortSignal): Promise<void> {
  const { call, answer } = await answered(access, asking, signal);
  if (answer.status !== NO_CONTENT)
    throw invalidAnswer(call, `the status is ${answer.status} and not ${NO_CONTENT}`);
}

const NO_CONTENT = 204;

async function answered(
  access: StoreAccess,
  asking: Asking,
  signal: AbortSignal,
): Promise<{ call: AppleCall; answer: AppleAnswer }> {
  const url = below(access.baseUrl, 'v1', ...asking.path);
  for (const [name, value] of Object.entries(asking.query ?? {})) url.searchParams.set(name, value);
  const call: AppleCall = {
    what: asking.what,
    service: SERVICE,
    method: asking.method ?? 'GET',
    url,
    tokens: access.tokens,
    signal,
    ...(asking.json !== undefined && { json: asking.json }),
  };
  const answer = await askApple(call);
  if (answer.status === 404 && asking.missing) throw asking.missing();
  if (answer.status >= 200 && answer.status < 300) return { call, answer };
  throw asking.about === 'testing' ? refusal(call, answer) : storeRefusal(call, answer);
}

/** What Apple objects to, with the next step for the texts that are known. */
function storeRefusal(call: AppleCall, answer: AppleAnswer): ShipError {
  const errors = errorsIn(answer.json);
  const text = errors.map(({ code, title, detail }) => `${code} ${title} ${detail}`).join(' ');
  const advice = adviceFor(text);
  const [first] = errors;
  if (!first || !advice) return refusal(call, answer);
  return new ShipError(isDuplicate(text) ? 'STORE_DUPLICATE' : 'STORE_REJECTED', {
    summary: `App Store Connect refused the build: ${withoutTrailing(first.detail || first.title, '. \n')}.`,
    reason: `Its answer had the status ${answer.status} and the code ${first.code}.`,
    nextStep: advice,
    detail: { status: answer.status, errors },
  });
}

/** The answer has the form of the documentation and makes no sense. */
export const senseless = ({ what }: Pick<Asking, 'what'>, fact: string): ShipError =>
  invalidAnswer({ what, service: SERVICE }, fact);
