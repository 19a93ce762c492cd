#!/usr/bin/env bash
# Builds the test server and runs it: http://localhost:7681 on the poll loop, unless the arguments say otherwise.
# Usage: ./run.sh [arguments of the test server]      ./run.sh --help lists them
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

"$here/.ci/require-sdk"

# A build that succeeds has nothing to say; one that fails says everything.
if ! log=$(cd "$here" && dotnet build samples/TestServer -c Release -nologo -v quiet 2>&1); then
  printf '%s\n' "$log" >&2
  echo "The test server could not be built; what the compiler said is above." >&2
  exit 1
fi

# The server takes the place of this script, so that signals reach it and its exit code is ours.
exec dotnet "$here/samples/TestServer/bin/Release/net10.0/TestServer.dll" "$@"
