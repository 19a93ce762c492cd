#!/usr/bin/env bash
# Compares this library on each of its loops with the yardstick and with other servers, and writes a page with tables and charts into benchmarks/results.
# Everything, which is all loops, all servers, all points and nine rounds, takes some 20 minutes on two processors; a line says how far it is and how long it will go on.
#
#   benchmarks/run.sh [options]
#
#   --quick             for a look: two short rounds, fewer idle connections, nothing about the start; some 5 minutes
#   --no-start-up       leaves out how servers start, for which the test server is compiled ahead of time (gcc or clang)
#   --help              this, and the options of the comparison
#
# Further options are those of the comparison. These three points for three servers take two minutes:
#
#   benchmarks/run.sh --no-start-up --idle 0 --point echo-1 echo-16 churn --peer floor epoll Kestrel
#
# Installed by apt when they are missing and may be: libwebsockets-dev, nginx-light, strace. Whatever cannot be installed is left out, and the page says so.
# While it runs, the machine should have nothing else to do: ratios stand some disturbance, but not any.
set -euo pipefail
cd "$(dirname "$0")/.."
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' benchmarks/run.sh; }

starts=yes
options=()
for word; do
  case $word in
    --help | -h | '-?')
      usage
      echo
      dotnet build benchmarks/Load -c Release --nologo -v quiet > /dev/null
      exec dotnet benchmarks/Load/bin/Release/net10.0/EventLoops.Benchmarks.Load.dll compare --help
      ;;
    --no-start-up) starts= ;;
    --quick)
      starts=
      options+=("$word")
      ;;
    *) options+=("$word") ;;
  esac
done

packages=()
[[ -f /usr/include/libwebsockets.h ]] || packages+=(libwebsockets-dev gcc pkg-config)
PATH+=:/usr/sbin
command -v nginx > /dev/null || packages+=(nginx-light)
command -v strace > /dev/null || packages+=(strace)
if ((${#packages[@]} > 0 && EUID == 0)); then
  echo "Installing ${packages[*]}"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" > /dev/null; } \
    || echo "apt-get could not; what is missing is left out." >&2
fi

for project in benchmarks/Load benchmarks/peers/Kestrel samples/TestServer; do
  dotnet build "$project" -c Release --nologo -v quiet
done

table=$(mktemp)
trap 'rm -f "$table"' EXIT
if [[ $starts ]]; then
  echo "How servers start; some two minutes." >&2
  benchmarks/startup.sh > "$table" || { echo "That could not be measured, and is left out." >&2; : > "$table"; }
fi

generator=(dotnet benchmarks/Load/bin/Release/net10.0/EventLoops.Benchmarks.Load.dll compare --start-up "$table" "${options[@]}")

# The server gets processor 0. Ten thousand connections need as many descriptors, on either side.
ulimit -n "$(ulimit -Hn)"
if (($(nproc) > 1)); then
  generator=(taskset -c 1 "${generator[@]}")
fi
"${generator[@]}"
