#!/usr/bin/env bash
# What the whole gate costs a full publish: samples in a git repository, with a budget, a budget on growth and a baseline,
# published from nothing but the restore, with and without the package in turn.
# Prints for each sample the ratio of CPU time (all processes, children too) and the milliseconds of the package's targets.
#   eng/bench/gate.sh [RUNS] [APPS…]    default 5, hello webapi
#   PUBLISH='--self-contained'          another publish than that by NativeAOT
#   RESTORE=true                        from nothing at all: the restore counts too
#   PACKAGE=VERSION                     one that is packed already
# It works in memory where there is room: on a disk the same publish in two folders differs by up to 8 %, always the same way.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
runs=${1:-5}
shift || true
apps=("$@")
[ $# -gt 0 ] || apps=(hello webapi)
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
version=${PACKAGE:-$(eng/pack.sh)}
feed=$root/artifacts/package/release
memory=/dev/shm
[ -w "$memory" ] && [ "$(df -k --output=avail "$memory" | tail -1)" -gt 4000000 ] || memory=${TMPDIR:-/tmp}
work=$(mktemp -d -p "$memory")
trap 'rm -rf "$work"' EXIT
read -ra kind <<< "${PUBLISH:--p:PublishAot=true}"
publish=(publish -c Release -r linux-x64 "${kind[@]}")
full=("${publish[@]}" --no-restore)
before=(bin obj/Release)
[ "${RESTORE:-}" != true ] || { full=("${publish[@]}"); before=(bin obj); }

make() { # folder, app
  mkdir -p "$work/$1"
  cp "$root"/tests/apps/Directory.* "$root/tests/apps/$2"/* "$root/global.json" "$work/$1/"
}
cpu() { # CPU seconds, user and system, of a full publish with all its children
  local TIMEFORMAT='%U %S'
  { time dotnet "${full[@]}" -v quiet < /dev/null > "$work/log" 2>&1; } 2>&1 | awk '{ printf "%.3f\n", $1 + $2 }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

for app in "${apps[@]}"; do
  make "$app/with" "$app"
  make "$app/without" "$app"
  cd "$work/$app/with"
  cat > Directory.Build.targets <<XML
<Project>
  <PropertyGroup><RestoreAdditionalProjectSources>$feed</RestoreAdditionalProjectSources></PropertyGroup>
  <ItemGroup>
    <PackageReference Include="BinarySize.Build" Version="$version" PrivateAssets="all" />
    <BinarySizeBudget Include="app" Max="500 MiB" MaxGrowth="10 KiB" />
  </ItemGroup>
</Project>
XML
  printf 'bin/\nobj/\n' > .gitignore
  git init -q .
  dotnet "${publish[@]}" -v quiet -t:BinarySizeUpdateBaseline > /dev/null
  git add -A
  git -c user.name=bench -c user.email=bench@localhost commit -qm baseline
  # A repository too: the SDK asks git for the commit, which is not the gate's doing.
  cd ../without
  printf 'bin/\nobj/\n' > .gitignore
  git init -q .
  git add -A
  git -c user.name=bench -c user.email=bench@localhost commit -qm without
  dotnet "${publish[@]}" -v quiet > /dev/null
  : > "$work/times"
  for ((i = 0; i < runs; i++)); do
    # In turn, each first every other time.
    for side in $([ $((i % 2)) = 0 ] && echo with without || echo without with); do
      cd "$work/$app/$side"
      rm -rf "${before[@]}"
      printf -v "$side" %s "$(cpu)"
    done
    cd "$work/$app/with"
    rm -rf "${before[@]}"
    targets=$(dotnet "${full[@]}" -v minimal -clp:PerformanceSummary < /dev/null | awk '/ ms +_BinarySize/ { s += $1 } END { print s + 0 }')
    echo "${with:?} ${without:?} $targets" >> "$work/times"
  done
  echo "Full publish of $app, ${kind[*]} (n = $runs, interleaved)"
  printf 'targets of the package   %s ms (median)\n' "$(awk '{ print $3 }' "$work/times" | median)"
  printf 'CPU with the package     %s s (median)\n' "$(awk '{ print $1 }' "$work/times" | median)"
  printf 'CPU without              %s s (median)\n' "$(awk '{ print $2 }' "$work/times" | median)"
  printf 'ratio                    %s (median of pairs)\n' "$(awk '{ printf "%.4f\n", $1 / $2 }' "$work/times" | median)"
done
