#!/usr/bin/env bash
# Writes benchmarks/expected-costs.json anew: the system calls and allocated bytes of a message, a request and a connection on every loop, which tests hold every change to.
# For when one of them has changed and is meant to. Takes some five minutes.
#
#   benchmarks/record-costs.sh
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# > 0)); then
  sed -n '2,5s/^# \{0,1\}//p' "$0"
  [[ $1 == --help || $1 == -h ]] && exit 0
  exit 2
fi
dotnet build tests/Conformance -c Release --nologo -v quiet
rm -f benchmarks/expected-costs.json
EVENTLOOPS_RECORD_COSTS=1 dotnet run --project tests/Conformance -c Release --no-build -- -method '*Everything_costs_what_is_recorded'
git --no-pager diff --stat -- benchmarks/expected-costs.json
