#!/usr/bin/env bash
# What the package costs a build in which nothing changed: one self-contained console app, published over and over with
# nothing to do, with and without the package in turn, so that the machine's mood hits both alike.
# Prints the milliseconds of the package's targets (MSBuild's performance summary) and the ratio of CPU time.
#   eng/bench/noop.sh [RUNS] [ARGUMENTS]    default 25; arguments go to each publish: -p:BinarySizePack=true
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-25}
shift || true
arguments=("$@")
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
version=$(eng/pack.sh)
feed=$PWD/artifacts/package/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make() { # folder, package reference
  mkdir -p "$work/$1"
  cat > "$work/$1/app.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <SelfContained>true</SelfContained>
    <BinarySizeBudget>200 MiB</BinarySizeBudget>
    <RestoreAdditionalProjectSources>$feed</RestoreAdditionalProjectSources>
  </PropertyGroup>
  <ItemGroup>$2</ItemGroup>
</Project>
EOF
  echo 'System.Console.WriteLine("Hello");' > "$work/$1/Program.cs"
  dotnet publish "$work/$1" -c Release -v quiet "${arguments[@]}" >/dev/null
}
make without ''
make with "<PackageReference Include=\"BinarySize.Build\" Version=\"$version\" PrivateAssets=\"all\" />"

publish() { dotnet publish "$work/$1" -c Release --no-restore "${arguments[@]}" "${@:2}"; }
cpu() { # CPU seconds, user and system, of a no-op publish with all its children
  local TIMEFORMAT='%U %S'
  { time publish "$1" -v quiet >/dev/null; } 2>&1 | awk '{ printf "%.3f\n", $1 + $2 }'
}
publish with -v quiet >/dev/null; publish without -v quiet >/dev/null

targets=()
for _ in 1 2 3 4 5; do
  targets+=("$(publish with -clp:PerformanceSummary -v minimal | awk '/ ms +_BinarySize/ { sum += $1 } END { print sum + 0 }')")
done
for ((i = 0; i < runs; i++)); do
  printf '%s %s\n' "$(cpu with)" "$(cpu without)"
done > "$work/times"

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
echo "No-op publish of a self-contained app (n = $runs, interleaved)"
printf 'targets of the package   %s ms (median of %s)\n' "$(printf '%s\n' "${targets[@]}" | median)" "${#targets[@]}"
printf 'CPU with the package     %s s (median)\n' "$(awk '{ print $1 }' "$work/times" | median)"
printf 'CPU without              %s s (median)\n' "$(awk '{ print $2 }' "$work/times" | median)"
printf 'ratio                    %s (median of pairs)\n' "$(awk '{ printf "%.4f\n", $1 / $2 }' "$work/times" | median)"
