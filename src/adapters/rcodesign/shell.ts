import { shellCommand } from '../ssh/quote.ts';

/**
 * A shell line that runs `script` with `words` as `$1`, `$2` …: names from a bundle never become part of the
 * program text. Runs by `/bin/sh`, whatever the login shell of the guest is (zsh on macOS).
 */
export const shellLine = (script: string, words: readonly string[]): string =>
  shellCommand(['/bin/sh', '-c', script, 'sh', ...words]);

/** Linux takes 128 KiB for one word of a command, and the whole line is one word for `sshd`. */
export const MAX_SHELL_LINE_BYTES = 120 * 1024;

/**
 * Where rcodesign is looked for and which settings reach it: a session without login has the shortest PATH of
 * the system, and any variable that begins with `RCODESIGN_` is read as a setting. The log level makes it name
 * each item that it seals, so that an error can be told with the name of the item.
 */
export const prepareEnvironment = [
  'PATH=$PATH:/opt/homebrew/bin:/usr/local/bin:$HOME/.cargo/bin; export PATH',
  "unset RUST_BACKTRACE $(env | sed -n 's/^\\(RCODESIGN_[A-Za-z0-9_]*\\)=.*/\\1/p')",
  'RUST_LOG=warn,apple_codesign::code_resources=info; export RUST_LOG',
].join('\n');
