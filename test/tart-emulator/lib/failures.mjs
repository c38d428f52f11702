/** An error as tart prints it: its whole text on stderr, and the exit code. */
export class TartError extends Error {
  constructor(exitCode, text) {
    super(text);
    this.exitCode = exitCode;
    this.text = `${text}\n`;
  }
}

/** One of tart's own errors: the message alone. */
export const refused = (message) => new TartError(1, message);
export const missing = (name) => new TartError(2, `the specified VM "${name}" does not exist`);
export const notRunning = (name) => new TartError(2, `VM "${name}" is not running`);
export const alreadyRunning = (name) => new TartError(2, `VM "${name}" is already running!`);
export const stillRunning = (name) => new TartError(1, `VM "${name}" is running`);
/** Any other Swift error. */
export const described = (description) => new TartError(1, `Error: ${description}`);

export function usageError(command, message) {
  const of = command ? ` ${command}` : '';
  const usage = command ? `Usage: tart ${command} [options]` : 'Usage: tart <subcommand>';
  return new TartError(64, `Error: ${message}\n${usage}\n  See 'tart${of} --help' for more information.`);
}
