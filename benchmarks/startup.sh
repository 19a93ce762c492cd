#!/usr/bin/env bash
# How long the test server takes from its start until it listens, and how much memory it has then, compiled ahead of time and on the runtime.
# Prints a table. Takes a minute or two, most of it for the compiler.
#
#   benchmarks/startup.sh [ROUNDS]        21 rounds unless said otherwise
#
# Needs gcc or clang (apt-get install build-essential).
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0"
  exit 0
fi
rounds=${1:-21}
if [[ ! $rounds =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: benchmarks/startup.sh [ROUNDS]" >&2
  exit 2
fi

folder=$(mktemp -d)
server=
clean() {
  [[ -z $server ]] || kill "$server" 2> /dev/null || true
  rm -rf "$folder"
}
trap clean EXIT

echo "Compiling" >&2
dotnet build samples/TestServer -c Release --nologo -v quiet > /dev/null
dotnet publish samples/TestServer -c Release --nologo -v quiet -p:PublishAot=true --artifacts-path "$folder/build" -o "$folder/out"

# Starts a server and waits for the line that says where it listens: its milliseconds, in hundredths, and its kilobytes.
mkfifo "$folder/lines"
exec 3<> "$folder/lines"
measure() {
  local begin end line kilobytes
  begin=$(date +%s%N)
  "$@" --port 0 --log-level err >&3 2>&1 &
  server=$!
  read -r -t 30 line <&3 || line="nothing within 30 s"
  end=$(date +%s%N)
  if [[ $line != "listening on "* ]]; then
    echo "$* said: $line" >&2
    server=
    return 1
  fi
  kilobytes=$(awk '/^VmRSS:/ { print $2 }' "/proc/$server/status")
  kill "$server"
  wait "$server" || true
  server=
  echo "$(((end - begin) / 10000)) $kilobytes"
}

# The middle one of numbers, one a line.
median() {
  sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

row() {
  local name=$1
  shift
  # The first one finds the files that the others have in memory, and whether there is such a loop here.
  if ! measure "$@" > /dev/null; then
    echo "| $name | not on this machine | | |"
    return
  fi
  for ((i = 0; i < rounds; i++)); do measure "$@"; done > "$folder/rounds"
  awk -v name="$name" -v time="$(cut -d ' ' -f 1 "$folder/rounds" | median)" -v least="$(cut -d ' ' -f 1 "$folder/rounds" | sort -n | head -n 1)" \
    -v memory="$(cut -d ' ' -f 2 "$folder/rounds" | median)" \
    'BEGIN { printf "| %s | %.1f | %.1f | %.1f |\n", name, time / 100, least / 100, memory / 1024 }'
}

echo "$rounds rounds, $(uname -sr), .NET $(dotnet --version)"
echo
echo "| Test server | listening after, ms | at best | memory then, MiB |"
echo "| --- | --- | --- | --- |"
for loop in poll epoll io_uring libuv libev external; do
  row "ahead of time, $loop" "$folder/out/TestServer" --loop "$loop"
done
row "on the runtime, epoll" dotnet samples/TestServer/bin/Release/net10.0/TestServer.dll --loop epoll
