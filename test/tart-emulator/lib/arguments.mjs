import { usageError } from './failures.mjs';

/**
 * Splits the words of a command into names and options, strictly: what the real one does not know is an error here too.
 * A command says which `flags` (without a value) and `options` (with one) it has, how many `names`, and whether the
 * words behind the last name belong to somebody else (`rest`).
 */
export function readArguments(name, command, words) {
  const { flags = [], options = [], names: [least, most] = [0, 0], rest = false } = command;
  const given = { names: [], options: {}, rest: [] };
  const queue = [...words];
  while (queue.length > 0) {
    const word = queue.shift();
    if (rest && given.names.length === most) {
      given.rest = [word, ...queue];
      break;
    }
    if (!word.startsWith('-')) given.names.push(word);
    else readOption(name, word, { flags, options }, queue, given);
  }
  if (given.names.length < least) throw usageError(name, "Missing expected argument '<name>'");
  if (given.names.length > most) throw usageError(name, `Unexpected argument '${given.names.at(most)}'`);
  return given;
}

function readOption(name, word, { flags, options }, queue, given) {
  const [option, glued] = word.split(/=(.*)/s);
  if (flags.includes(option)) {
    given.options[option] = true;
  } else if (options.includes(option)) {
    const value = glued ?? queue.shift();
    if (value === undefined) throw usageError(name, `Missing value for '${option} <value>'`);
    given.options[option] = value;
  } else throw usageError(name, `Unknown option '${word}'`);
}

/** A whole number that fits into 16 bits, as tart's waits and time-outs are. */
export function seconds(command, option, text, fallback) {
  if (text === undefined) return fallback;
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw usageError(command, `The value '${text}' is invalid for '${option} <${option.slice(2)}>'`);
}
