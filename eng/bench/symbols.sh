#!/usr/bin/env bash
# A full symbol report of large binaries, by us (compiled ahead of time, net9.0) and by the peers that are on the PATH, in
# turn; whole process, warm cache. Prints medians of wall seconds, the largest peak memory, and ratios to ours.
#   eng/bench/symbols.sh [RUNS] [FILE...]    default: 5 runs over node, librustc_driver, and the AOT sample with its .dbg
# Peers: nm (binutils), bloaty (not in Debian 12: put a build of it on the PATH to have it in the table).
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-5}
shift || true
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
command -v /usr/bin/time >/dev/null || { echo "GNU time is missing. Type: apt-get install time" >&2; exit 1; }
tool=$PWD/artifacts/bench/tool
# One framework, or restore asks for the net10.0 runtime pack too; folders of its own, so that other builds keep theirs.
dotnet publish src/BinarySize.Cli -c Release -f net9.0 -r linux-x64 -p:TargetFrameworks=net9.0 -p:PublishAot=true -p:ArtifactsPath="$PWD/artifacts/bench/" -o "$tool" --nologo -v quiet >&2
ours=$tool/BinarySize.Cli

files=("$@")
if [ ${#files[@]} -eq 0 ]; then
  for f in "$(readlink -f "$(command -v node || true)" 2>/dev/null || true)" "$(ls ~/.rustup/toolchains/*/lib/librustc_driver*.so 2>/dev/null | head -1)"; do
    [ -n "$f" ] && [ -f "$f" ] && files+=("$f")
  done
  aot=$PWD/artifacts/bench/webapi
  dotnet publish tests/apps/webapi -c Release -r linux-x64 -p:PublishAot=true -p:IlcGenerateMstatFile=true -o "$aot" --nologo -v quiet >&2
  cp tests/apps/webapi/obj/Release/net9.0/linux-x64/native/webapi.mstat "$aot/"
  files+=("$aot/webapi")
fi

command -v bloaty >/dev/null || echo "bloaty is not on the PATH: no figures of it." >&2

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
measure() { /usr/bin/time -f '%e %M' -o "$work/one" "$@" >/dev/null 2>&1 || true; tail -1 "$work/one"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for file in "${files[@]}"; do
  debug=$file
  bloaty=(bloaty -d symbols -n 0 "$file")
  if [ -f "$file.dbg" ]; then
    debug=$file.dbg
    bloaty=(bloaty -d symbols -n 0 --debug-file="$file.dbg" "$file")
  fi
  by=symbol
  [ -f "$file.mstat" ] && by=package,assembly,namespace,type,member
  names=(ours nm)
  command -v bloaty >/dev/null && names+=(bloaty)
  run_ours() { measure "$ours" report "$file" --by "$by" --top 1000000; }
  run_nm() { measure nm -S --size-sort "$debug"; }
  run_bloaty() { measure "${bloaty[@]}"; }
  rm -f "$work"/*.times
  for ((i = 0; i <= runs; i++)); do
    for name in "${names[@]}"; do
      line=$("run_$name")
      [ "$i" = 0 ] || echo "$line" >> "$work/$name.times"
    done
  done
  printf '\n%s (%s bytes)\n' "$(basename "$file")" "$(stat -c %s "$file")"
  base=$(awk '{ print $1 }' "$work/ours.times" | median)
  for name in "${names[@]}"; do
    wall=$(awk '{ print $1 }' "$work/$name.times" | median)
    peak=$(awk '{ print $2 }' "$work/$name.times" | sort -n | tail -1)
    printf '  %-7s %8.2f s  %6d MB   ours / it: %s\n' "$name" "$wall" $((peak / 1024)) "$(awk -v a="$base" -v b="$wall" 'BEGIN { printf "%.2f", (b > 0 ? a / b : 0) }')"
  done
done
