# Read by every emulator: the record of calls, the knobs of the guest, and the way to the part that does real work.
# The programs are links in a guest's folder, so that `$0` says which guest it is, and the link where this file lies.
tool=${0##*/}
guest=$(cd "${0%/*}/.." && pwd)
emulator=$(dirname "$(dirname "$(readlink "$0")")")

# The last value of NAME=VALUE in the guest's apple-tools.conf.
knob() { sed -n "s/^$1=//p" "$guest/apple-tools.conf" 2>/dev/null | tail -n 1; }

# True as many times as the number in the knob says.
first_times() {
  limit=$(knob "$1")
  count=$(cat "$guest/apple-tools.count.$1" 2>/dev/null || echo 0)
  [ "$count" -lt "${limit:-0}" ] || return 1
  echo $((count + 1)) >"$guest/apple-tools.count.$1"
}

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# Writes the call as one line: the program and its words, with tabs between.
record() {
  calls=$(knob calls)
  { printf '%s' "$tool"; for word do printf '\t%s' "$word"; done; echo; } >>"${calls:-$guest/apple-tools.calls}"
}

# Runs one of the programs in work/ instead of this one; they use what is built in dist/.
work() {
  program=$1; shift
  exec "$(knob node)" "$emulator/work/$program" "$@"
}
