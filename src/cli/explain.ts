import { nearestName } from '../config/nearest-name.ts';
import { type FailureCode, failureCodes } from '../errors.ts';
import { actionFor, whoActs } from '../failure-actions.ts';
import { plain } from '../text.ts';
import { jsonText } from './print-json.ts';
import { usage } from './sign-files.ts';

export interface ExplainFlags {
  readonly json?: true;
}

/** One error code, as it stands in `src/errors.md`. */
export interface ExplainedCode {
  readonly code: FailureCode;
  readonly meaning: string;
  readonly whoActs: string;
  readonly whatToDo: string;
  /** The same job may succeed later without a change. */
  readonly mayBeTriedAgain: boolean;
}

/**
 * What an error code means, who must act, and what they do; without a code, the list of all.
 *
 * @param wanted - in any case, with `-` or `_`
 * @throws ShipError COMMAND_USAGE_WRONG for a code that does not exist, with the nearest one
 */
export function explain(wanted: string | undefined, { json }: ExplainFlags): void {
  if (wanted === undefined) return print(json ? { ok: true, codes: codes.map(entryOf) } : listOfAll());
  const entry = entryOf(codeOf(wanted));
  print(json ? { ok: true, ...entry } : paragraph(entry));
}

const codes = (Object.keys(failureCodes) as FailureCode[]).sort();

function entryOf(code: FailureCode): ExplainedCode {
  const { kind, meaning, retryable } = failureCodes[code];
  return {
    code,
    meaning,
    whoActs: whoActs[kind],
    whatToDo: actionFor(code, kind),
    mayBeTriedAgain: retryable,
  };
}

function codeOf(wanted: string): FailureCode {
  const name = wanted.trim().toUpperCase().replaceAll('-', '_');
  const code = codes.find((each) => each === name);
  if (code !== undefined) return code;
  throw usage(
    `There is no error code ${plain(JSON.stringify(wanted.slice(0, MAX_SHOWN_CHARACTERS)))}.`,
    'It is none of those that perry-ship says.',
    adviceFor(name),
  );
}

const MAX_SHOWN_CHARACTERS = 80;
/** A part of a code that is in more of them than this names none. */
const MAX_OFFERED = 8;

function adviceFor(name: string): string {
  const parts = codes.filter((each) => name !== '' && each.includes(name));
  const nearest = parts.length === 1 ? parts[0] : nearestName(name, codes);
  if (nearest !== undefined) return `Did you mean ${nearest}?`;
  return parts.length > 0 && parts.length <= MAX_OFFERED
    ? `Did you mean one of ${parts.join(', ')}?`
    : '"perry-ship explain" lists them all.';
}

const paragraph = ({ code, meaning, whoActs: who, whatToDo, mayBeTriedAgain }: ExplainedCode): string =>
  [
    code,
    `  means      ${meaning}`,
    `  who acts   ${who}`,
    `  to do      ${whatToDo.replaceAll('`', '"')}`,
    `  try again  ${mayBeTriedAgain ? 'may help without a change' : 'is of no use without a change'}`,
  ].join('\n');

function listOfAll(): string {
  const width = Math.max(...codes.map(({ length }) => length));
  return codes.map((code) => `${code.padEnd(width)}  ${failureCodes[code].meaning}`).join('\n');
}

const print = (said: string | object): void =>
  void process.stdout.write(`${typeof said === 'string' ? said : jsonText(said)}\n`);
