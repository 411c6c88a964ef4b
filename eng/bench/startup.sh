#!/usr/bin/env bash
# How soon does the command start? It is published three ways for net9.0: compiled as it runs (JIT), precompiled (ReadyToRun),
# and compiled ahead of time (NativeAOT); each prints its help and reports a small file, in turn. Prints medians and sizes.
#   eng/bench/startup.sh [RUNS]    default: 15
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-15}
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
command -v /usr/bin/time >/dev/null || { echo "GNU time is missing. Type: apt-get install time" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$PWD/artifacts/bench/startup
# One framework, or restore asks for the net10.0 runtime pack too; folders of its own, so that other builds keep theirs.
publish() { # name, properties
  dotnet publish src/BinarySize.Cli -c Release -f net9.0 -r linux-x64 --self-contained -p:TargetFrameworks=net9.0 -p:ArtifactsPath="$out/$1.obj/" -o "$out/$1" --nologo -v quiet "${@:2}" >&2
}
publish jit
publish r2r -p:PublishReadyToRun=true
publish aot -p:PublishAot=true

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
for ((i = 0; i <= runs; i++)); do
  for name in jit r2r aot; do
    for what in help report; do
      arguments=(--help)
      [ "$what" = report ] && arguments=(report /bin/true)
      /usr/bin/time -f '%e %U %S %M' -o "$work/one" "$out/$name/BinarySize.Cli" "${arguments[@]}" >/dev/null
      [ "$i" = 0 ] || awk '{ print $1 * 1000, ($2 + $3) * 1000, $4 }' "$work/one" >> "$work/$name.$what"
    done
  done
done
printf '%-4s %-8s %10s %10s %8s %10s\n' "" "" "wall ms" "CPU ms" "peak MB" "folder MB"
for name in jit r2r aot; do
  for what in help report; do
    printf '%-4s %-8s %10s %10s %8s %10s\n' "$name" "$what" "$(awk '{ print $1 }' "$work/$name.$what" | median)" "$(awk '{ print $2 }' "$work/$name.$what" | median)" \
      "$(awk '{ print int($3 / 1024) }' "$work/$name.$what" | median)" "$(find "$out/$name" -type f ! -name '*.dbg' ! -name '*.pdb' ! -name '*.xml' -printf '%s\n' | awk '{ s += $1 } END { printf "%.1f", s / 1e6 }')"
  done
done
echo "Load of the machine: $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors."
