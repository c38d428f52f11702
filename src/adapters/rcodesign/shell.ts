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
