#!/usr/bin/env bash
# Installs what the tests need, builds everything with warnings as errors, and runs every test.
# Usage: ./test.sh [arguments of the test runner, such as --filter-class '*WatchTests']
# The last line is "N passed, N failed, N skipped". Exit code 0 means that every step worked, something ran and nothing failed.
set -euo pipefail
cd "$(dirname "$0")"

.ci/require-sdk
.ci/install-tools

# The browser is the system's; nothing may be downloaded in its place.
echo "Fetching the library that drives the browser"
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix tests/Samples/browser --ignore-scripts --no-audit --no-fund --loglevel=error

echo "Fetching the WebSocket library of Node.js"
npm ci --prefix tests/Interop/ws --ignore-scripts --no-audit --no-fund --loglevel=error

echo "Building"
dotnet build EventLoops.sln -c Release -nologo -v quiet -warnaserror

# Two projects at a time: half of them mostly wait for peers, for time-outs and for processes, the other half keeps the processors busy.
options=(--solution EventLoops.sln -c Release --no-build --no-progress --max-parallel-test-modules 2)
if (($# > 0)); then
  # A filter leaves most projects without a test, which the runner calls exit code 8. In a whole run that is an error: tests got lost.
  options+=(--ignore-exit-code 8)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
dotnet test "${options[@]}" "$@" 2>&1 | tee "$log" || status=$?

count() {
  # The runner's summary comes last and names each count on a line of its own.
  sed -n "s/^ *$1: \([0-9]*\)\$/\1/p" "$log" | tail -n 1
}
passed=$(count succeeded)
failed=$(count failed)
skipped=$(count skipped)

if ((status == 0)) && ((${passed:-0} + ${failed:-0} == 0)); then
  echo "No test ran."
  status=1
fi
if ((status == 0)) && ((${failed:-0} > 0)); then
  status=1
fi
echo "${passed:-0} passed, ${failed:-0} failed, ${skipped:-0} skipped"
exit "$status"
