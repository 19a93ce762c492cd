#!/usr/bin/env bash
# Compares this library on each of its loops with the yardstick and with other servers, and writes benchmarks/results. Takes about a quarter of an hour.
#
#   benchmarks/run.sh [--rounds N] [--point NAME ...] [--peer NAME ...]
#
# Installed by apt when they are missing and may be: libwebsockets-dev, nginx-light, strace. Whatever cannot be installed is left out, and the page says so.
set -euo pipefail
cd "$(dirname "$0")/.."

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

dotnet build EventLoops.sln -c Release --nologo -v quiet
generator=(dotnet benchmarks/Load/bin/Release/net10.0/EventLoops.Benchmarks.Load.dll compare "$@")

# The server gets processor 0. Ten thousand connections need as many descriptors, on either side.
ulimit -n "$(ulimit -Hn)"
if (($(nproc) > 1)); then
  exec taskset -c 1 "${generator[@]}"
fi
exec "${generator[@]}"
