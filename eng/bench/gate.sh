#!/usr/bin/env bash
# What the whole gate costs a full publish: samples in a git repository, with a budget, a budget on growth and a baseline,
# published from nothing but the restore, with and without the package in turn.
# Prints for each sample the ratio of CPU time (all processes, children too) and the milliseconds of the package's targets.
#   eng/bench/gate.sh [RUNS] [APPS…]    default 5, hello webapi
#   PUBLISH='--self-contained'          another publish than that by NativeAOT
#   RESTORE=true                        from nothing at all: the restore counts too, of one more package with and without ours,
#                                       as NuGet takes 0.3 s for the first one of a project, whichever that is
#   PACKAGE=VERSION                     one that is packed already
# It works in memory where there is room: on a disk the same publish in two folders differs by up to 13 %, always the same way.
# A second copy of the project without the package shows what chance does. The C# compiler, which no package touches and which
# differs most from run to run, is counted at its mean.
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
# Stands in for the C# compiler, and writes down what that takes.
mkdir "$work/compiler"
cat > "$work/compiler/csc" <<SH
#!/usr/bin/env bash
TIMEFORMAT='%U %S'
{ time "$(dotnet msbuild tests/apps/hello/hello.csproj -getProperty:RoslynTargetsPath)/bincore/csc" "\$@" >&3 2>&4; } 3>&1 4>&2 2> "$work/compiler/time"
SH
chmod +x "$work/compiler/csc"
cpu() { # CPU seconds, user and system, of a full publish with all its children, and of the C# compiler among them
  local TIMEFORMAT='%U %S' all
  all=$({ time dotnet "${full[@]}" -p:CscToolPath="$work/compiler" -p:CscToolExe=csc -v quiet < /dev/null > "$work/log" 2>&1; } 2>&1) || { cat "$work/log" >&2; return 1; }
  awk '{ s[NR] = $1 + $2 } END { printf "%.3f %.3f\n", s[1], s[2] }' <(echo "$all") "$work/compiler/time"
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# Of all times of a side: without the compiler, a fifth cut off at both ends, and the compiler's mean over all sides.
mean() { # side
  local compiler
  compiler=$(awk '{ s += $3 } END { print s / NR }' "$work/times")
  awk -v side="$1" '$1 == side { print $2 - $3 }' "$work/times" | sort -n | awk -v compiler="$compiler" '{ v[NR] = $1 } END { c = int(NR / 5); for (i = c + 1; i <= NR - c; i++) s += v[i]; printf "%.3f\n", s / (NR - 2 * c) + compiler }'
}

for app in "${apps[@]}"; do
  make "$app/with" "$app"
  make "$app/without" "$app"
  other=
  [ "${RESTORE:-}" != true ] || other='<PackageReference Include="Newtonsoft.Json" Version="13.0.3" />'
  ours='<PackageReference Include="BinarySize.Build" Version="'$version'" PrivateAssets="all" /><BinarySizeBudget Include="app" Max="500 MiB" MaxGrowth="10 KiB" />'
  for side in with without; do
    cat > "$work/$app/$side/Directory.Build.targets" <<XML
<Project>
  <PropertyGroup><RestoreAdditionalProjectSources>$feed</RestoreAdditionalProjectSources></PropertyGroup>
  <ItemGroup>
    $other
    $([ $side = without ] || echo "$ours")
  </ItemGroup>
</Project>
XML
  done
  cd "$work/$app/with"
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
  cp -r . ../copy
  for side in without copy; do (cd "../$side" && dotnet "${publish[@]}" -v quiet > /dev/null); done
  : > "$work/times"
  : > "$work/targets"
  sides=(with without copy)
  for ((i = 0; i < runs; i++)); do
    # In turn, each first every third time.
    for side in "${sides[@]:i % 3}" "${sides[@]:0:i % 3}"; do
      cd "$work/$app/$side"
      rm -rf "${before[@]}"
      echo "$side $(cpu)" >> "$work/times"
    done
    cd "$work/$app/with"
    rm -rf "${before[@]}"
    dotnet "${full[@]}" -v minimal -clp:PerformanceSummary < /dev/null | awk '/ ms +_BinarySize/ { s += $1 } END { print s + 0 }' >> "$work/targets"
  done
  echo "Full publish of $app, ${kind[*]} (n = $runs, interleaved)"
  printf 'targets of the package   %s ms (median)\n' "$(median < "$work/targets")"
  printf 'CPU with the package     %s s\n' "$(mean with)"
  printf 'CPU without              %s s\n' "$(mean without)"
  printf 'CPU without, the copy    %s s\n' "$(mean copy)"
  awk -v with="$(mean with)" -v without="$(mean without)" -v copy="$(mean copy)" 'BEGIN { printf "ratio                    %.4f (to both without)\n", with / ((without + copy) / 2) }'
done
