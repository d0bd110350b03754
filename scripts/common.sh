# Sourced by the other scripts: the project's root as working folder, an environment in which cmake,
# erl and rebar3 run without a terminal or a user, and the few steps that the scripts share.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

# erl refuses to start without a home, and reads this file's neighbours as Latin-1 without UTF-8.
if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then
  mkdir -p "$root/build/home"
  export HOME=$root/build/home
fi
case "${LC_ALL:-${LC_CTYPE:-${LANG:-}}}" in
  *[Uu][Tt][Ff]*) ;;
  *) export LC_ALL=C.UTF-8 ;;
esac

cores=$(nproc 2>/dev/null || echo 2)

# Tests open thousands of connections.
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 8192 ] || ulimit -Sn 8192 2>/dev/null || true

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# build PRESET [TARGET…]: configures build/PRESET and builds the targets, or all of them. Quiet
# unless something is compiled or goes wrong; in CI unless something goes wrong.
build() {
  local preset=$1 log
  shift
  mkdir -p build
  log=build/configure-$preset.log
  # A user's compiler may know warnings that are new; here there are to be none.
  cmake --preset "$preset" ${CI:+-DGROOT_WERROR=ON} >"$log" 2>&1 || {
    cat "$log" >&2
    return 1
  }
  local targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  cmake --build "build/$preset" --parallel "$cores" ${targets[@]+"${targets[@]}"} \
    ${CI:+-- --quiet}
}

# Counts of a ctest -V log: "PASSED FAILED", doctest cases. A program that ended without doctest's
# summary (a crash, a time-out, a missing file) counts as one failure.
count_doctest() {
  awk '
    /^[0-9]+: \[doctest\] test cases:/ {
      line = $0
      sub(/^[0-9]+: /, "", line)
      sub(/.*test cases:/, "", line)
      split(line, part, "|")
      passed += part[2] + 0
      failed += part[3] + 0
      id = $0
      sub(/:.*/, "", id)
      if (part[3] + 0 > 0) accounted[id] = 1
    }
    # "  3/7 Test  #3: store_test ....***Failed   0.2 sec"
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ && !/ Passed +[0-9.]+ sec/ {
      id = $0
      sub(/^[^#]*#/, "", id)
      sub(/:.*/, "", id)
      if (!(id in accounted)) failed++
    }
    END { print passed + 0, failed + 0 }' "$1"
}

# Counts of a `rebar3 ct` log that ended with STATUS: "PASSED FAILED". A case that was skipped
# because something before it failed is a failure; one that skips itself is neither.
count_common_test() {
  sed 's/\x1b\[[0-9;]*m//g' "$1" | awk -v status="$2" '
    /^All [0-9]+ tests passed\./ { passed = $2 }
    /^(Failed|Skipped|Passed) [0-9]+ / {
      rest = $0
      while (match(rest, /(Failed|Passed) [0-9]+ tests|Skipped [0-9]+ \([0-9]+, [0-9]+\) tests/)) {
        item = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        split(item, word, " ")
        if (word[1] == "Passed") passed = word[2]
        if (word[1] == "Failed") failed += word[2]
        if (word[1] == "Skipped") { sub(/\)/, "", word[4]); failed += word[4] }
      }
    }
    END {
      if (status != 0 && failed + 0 == 0) failed = 1
      if (status == 0 && passed + 0 == 0) failed = 1  # nothing ran: not a success
      print passed + 0, failed + 0
    }'
}

# common_test LOG [rebar3 ct options]: runs suites; prints progress, keeps everything in LOG.
common_test() {
  local log=$1
  shift
  # Suites that are gone from the sources would still be run from here.
  rm -rf _build/test/extras
  rebar3 ct "$@" </dev/null 2>&1 | tee "$log"
}
