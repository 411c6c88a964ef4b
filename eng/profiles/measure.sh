#!/usr/bin/env bash
# Measures what profiles and their settings save on the four apps of tests/apps (net9.0, linux-x64), and writes the tables
# of docs/profiles.md and README.md between their markers.
#   eng/profiles/measure.sh settings   each setting alone, against the app without it
#   eng/profiles/measure.sh profiles   each profile against plain PublishAot; the binary, packed too where the profile packs
#   eng/profiles/measure.sh peers      plain PublishAot packed as the package PublishAotCompressed calls UPX: minutes an app
#   eng/profiles/measure.sh startup    time and memory that all of those take to start, in turns: best when all is quiet
#   eng/profiles/measure.sh tables     nothing; writes the tables of what is measured, with a – where something is not
# What is measured already (artifacts/profiles/*.tsv) is not measured again, and what was published for it stays in
# artifacts/profiles/published; delete artifacts/profiles to start afresh.
# PUBLISH_LOCK names a file that is locked during each publish, where several of them share a machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
what=${1:-profiles}
apps=(hello jsoncli webapi sqlcli)
out=$PWD/artifacts/profiles
kept=$out/published
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$what" = settings ] || [ "$what" = profiles ]; then
  version=$(eng/pack.sh)
  # A feed of its own: the repository's is emptied by whoever packs next.
  feed=$work/feed
  mkdir "$feed"
  cp artifacts/package/release/BinarySize.Build.*.nupkg "$feed/"
fi

# The app in a folder of its own, with the package. What comes out lies beside it, and global.json is left out: the Web SDK ships
# each .json that it finds in the project's folder.
make() { # folder, app
  mkdir -p "$work/$1"
  cp tests/apps/Directory.* "tests/apps/$2"/* "$work/$1/"
  cat > "$work/$1/Directory.Build.targets" <<EOF
<Project>
  <PropertyGroup><RestoreAdditionalProjectSources>$feed</RestoreAdditionalProjectSources></PropertyGroup>
  <ItemGroup><PackageReference Include="BinarySize.Build" Version="$version" PrivateAssets="all" /></ItemGroup>
</Project>
EOF
}
publish() { # folder, app, arguments
  local folder=$1 app=$2
  shift 2
  rm -rf "$work/out/$folder/publish"
  local command=(dotnet publish "$work/$folder/$app.csproj" -c Release -r linux-x64 -o "$work/out/$folder/publish" -p:BinarySizeAttribution=false -v quiet "$@")
  if [ -n "${PUBLISH_LOCK:-}" ]; then flock -o "$PUBLISH_LOCK" "${command[@]}"; else "${command[@]}"; fi > "$work/log" 2>&1 < /dev/null || { cat "$work/log" >&2; return 1; }
}
size() { stat -c %s "$1"; }
shipped() { find "$1" -type f ! -name '*.dbg' ! -name '*.pdb' -printf '%s\n' | awk '{ s += $1 } END { print s }'; }
known() { [ -f "$1" ] && grep -qP "^$2\t$3\t" "$1"; }
value() { [ ! -f "$1" ] || awk -F '\t' -v a="$2" -v b="$3" '$1 == a && $2 == b { last = $3 } END { print last }' "$1"; }
# What of a publish goes into another measurement: as it ships.
keep() { # folder, app, name
  rm -rf "${kept:?}/$2/$3"
  mkdir -p "$kept/$2"
  cp -r "$1" "$kept/$2/$3"
  find "$kept/$2/$3" \( -name '*.dbg' -o -name '*.pdb' \) -delete
}
grouped() { sed -e ':a' -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/' -e 'ta' <<< "$1"; }

# Settings that change the bytes of a binary, one line each: name, value, kind of publish, apps.
settings() {
  cat <<'EOF'
BinarySizeHashStyle gnu aot all
BinarySizeSeparateCode false aot all
IlcFoldIdenticalMethodBodies true aot all
OptimizationPreference Size aot all
ServerGarbageCollection false aot webapi
InvariantGlobalization true aot all
UseSystemResourceKeys true aot all
EventSourceSupport false aot webapi
MetricsSupport false aot all
HttpActivityPropagationSupport false aot all
Http3Support false aot all
XmlResolverIsNetworkingEnabledByDefault false aot all
_AggressiveAttributeTrimming true aot all
BinarySizeInlineTls false aot all
StackTraceSupport false aot all
DebuggerSupport false single all
EnableCompressionInSingleFile true single all
UseSizeOptimizedLinq true single10 all
EOF
}
kind() { # arguments of a kind of publish
  case $1 in
    aot) echo -p:PublishAot=true ;;
    single*) echo "-p:PublishTrimmed=true -p:PublishSingleFile=true -p:SuppressTrimAnalysisWarnings=true" ;;
  esac
}

measure_settings() {
  local data=$out/settings.tsv
  for app in "${apps[@]}"; do
    for kind in aot single single10; do
      make "$app-$kind" "$app"
      if [ "$kind" = single10 ]; then sed -i 's/net9\.0/net10.0/' "$work/$app-$kind/$app.csproj"; fi
      while read -r name wanted of where; do
        [ "$of" = "$kind" ] && { [ "$where" = all ] || [ "$where" = "$app" ]; } || continue
        known "$data" "$name" "$app" && continue
        # The app without any setting, once; and what is compiled is compiled once where only the link changes.
        if ! known "$data" "base-$kind" "$app"; then
          publish "$app-$kind" "$app" $(kind "$kind") -p:BinarySizeProfile=Development
          printf '%s\t%s\t%s\n' "base-$kind" "$app" "$(size "$work/out/$app-$kind/publish/$app")" >> "$data"
        fi
        publish "$app-$kind" "$app" $(kind "$kind") -p:BinarySizeProfile=Development "-p:$name=$wanted"
        printf '%s\t%s\t%s\n' "$name" "$app" "$(size "$work/out/$app-$kind/publish/$app")" >> "$data"
        echo "$app $name $(value "$data" "$name" "$app")" >&2
      done < <(settings)
      rm -rf "${work:?}/$app-$kind" "$work/out"
    done
  done
}

write_settings() {
  local data=$out/settings.tsv
  {
    echo "| Setting alone | hello | JSON tool | web API | SQLite tool |"
    echo "|---|--:|--:|--:|--:|"
    for kind in aot single single10; do
      case $kind in aot) title="NativeAOT without any" ;; single) title="Trimmed single file without any" ;; single10) title="The same on net10.0" ;; esac
      printf '| %s |' "$title"
      for app in "${apps[@]}"; do
        local base
        base=$(value "$data" "base-$kind" "$app")
        printf ' %s |' "$(grouped "${base:-–}")"
      done
      echo
      while read -r name wanted of where; do
        [ "$of" = "$kind" ] || continue
        printf '| `%s=%s` |' "$name" "$wanted"
        for app in "${apps[@]}"; do
          if [ "$where" != all ] && [ "$where" != "$app" ]; then printf ' is so |'; continue; fi
          local base now
          base=$(value "$data" "base-$kind" "$app") now=$(value "$data" "$name" "$app")
          if [ -z "$base" ] || [ -z "$now" ]; then printf ' – |'; elif [ "$base" = "$now" ]; then printf ' 0 |'; else
            printf ' %s (%s) |' "$(awk -v d=$((base - now)) 'BEGIN { print (d > 0 ? "−" : "+") }')$(grouped $((base > now ? base - now : now - base)))" "$(awk -v b="$base" -v n="$now" 'BEGIN { printf "%.1f %%", 100 * (b > n ? b - n : n - b) / b }')"
          fi
        done
        echo
      done < <(settings)
    done
  } > "$work/settings.md"
  eng/insert.sh docs/profiles.md measured-settings "$work/settings.md"
}

measure_profiles() {
  local data=$out/profiles.tsv
  for app in "${apps[@]}"; do
    for profile in None General Serverless SizeCritical Embedded; do
      for pack in false true; do
        # Only these two pack.
        if [ $pack = true ] && [ $profile != SizeCritical ] && [ $profile != Embedded ]; then continue; fi
        known "$data" "$profile-$pack" "$app" && [ -d "$kept/$app/$profile-$pack" ] && continue
        [ -d "$work/$app-$profile" ] || make "$app-$profile" "$app"
        publish "$app-$profile" "$app" -p:PublishAot=true "-p:BinarySizeProfile=$profile" "-p:BinarySizePack=$pack"
        tests/apps/verify/smoke.sh "$app" "$work/out/$app-$profile/publish/$app" > /dev/null
        printf '%s\t%s\t%s\n' "$profile-$pack" "$app" "$(size "$work/out/$app-$profile/publish/$app")" >> "$data"
        printf '%s\t%s\t%s\n' "$profile-$pack-folder" "$app" "$(shipped "$work/out/$app-$profile/publish")" >> "$data"
        keep "$work/out/$app-$profile/publish" "$app" "$profile-$pack"
        echo "$app $profile pack=$pack $(value "$data" "$profile-$pack" "$app")" >&2
      done
    done
    if ! known "$data" self-contained "$app"; then
      make "$app-sc" "$app"
      publish "$app-sc" "$app" --self-contained true
      printf 'self-contained\t%s\t%s\n' "$app" "$(shipped "$work/out/$app-sc/publish")" >> "$data"
      rm -rf "${work:?}/$app-sc" "$work/out"
    fi
    rm -rf "${work:?}/$app"-* "$work/out"
  done
}

# What its targets do behind the linker: upx --best BINARY, and with PublishLzmaCompressed --best --lzma.
measure_peers() {
  local data=$out/profiles.tsv
  for app in "${apps[@]}"; do
    [ -d "$kept/$app/None-false" ] || { echo "measure.sh profiles has to run before" >&2; return 1; }
    for way in "lzma --best --lzma" "best --best"; do
      local name=peer-${way%% *}
      known "$data" "$name" "$app" && [ -d "$kept/$app/$name" ] && continue
      rm -rf "$work/peer"
      cp -r "$kept/$app/None-false" "$work/peer"
      upx -qqq ${way#* } "$work/peer/$app"
      tests/apps/verify/smoke.sh "$app" "$work/peer/$app" > /dev/null
      printf '%s\t%s\t%s\n' "$name" "$app" "$(size "$work/peer/$app")" >> "$data"
      keep "$work/peer" "$app" "$name"
      echo "$app upx ${way#* } $(size "$work/peer/$app")" >&2
    done
  done
}

write_profiles() {
  {
    echo "| Main binary, bytes (share of plain NativeAOT) | hello | JSON tool | web API | SQLite tool |"
    echo "|---|--:|--:|--:|--:|"
    row "self-contained folder" self-contained
    row "plain \`PublishAot\`" None-false
    row "\`General\`" General-false
    row "\`Serverless\`" Serverless-false
    row "\`SizeCritical\`, not packed" SizeCritical-false
    row "\`SizeCritical\`" SizeCritical-true
    row "\`Embedded\`, not packed" Embedded-false
    row "\`Embedded\`" Embedded-true
    row "PublishAotCompressed (\`upx --best\`)" peer-best
    row "… with its LZMA (\`upx --best --lzma\`)" peer-lzma
    row "publish folder, plain" None-false-folder
    row "publish folder, \`Embedded\`" Embedded-true-folder
  } > "$work/profiles.md"
  eng/insert.sh docs/profiles.md measured-profiles "$work/profiles.md"
  eng/insert.sh README.md measured-profiles "$work/profiles.md"
}
row() { # title, name
  printf '| %s |' "$1"
  for app in "${apps[@]}"; do
    local bytes plain
    bytes=$(value "$out/profiles.tsv" "$2" "$app") plain=$(value "$out/profiles.tsv" None-false "$app")
    if [ -z "$bytes" ] || [ -z "$plain" ]; then printf ' – |'; else printf ' %s (%s) |' "$(grouped "$bytes")" "$(awk -v b="$bytes" -v p="$plain" 'BEGIN { printf "%.3f", b / p }')"; fi
  done
  echo
}

# One start of an app, until it has done something of use: a program until it ends, the web API until it has answered a request.
# Says microseconds, and the peak of resident memory in KiB where it is known.
start() { # app, program, what runs it
  local begin=${EPOCHREALTIME/[.,]/} end
  case $1 in
    webapi)
      # Below the ports that connections get, so that none can meet itself.
      local port=$((20000 + RANDOM % 12000)) status
      "$2" --urls "http://127.0.0.1:$port" > /dev/null 2>&1 < /dev/null &
      local server=$!
      until { exec 4<> "/dev/tcp/127.0.0.1/$port"; } 2> /dev/null; do
        kill -0 "$server" 2> /dev/null || { echo "$2 did not start" >&2; return 1; }
        read -r -t 0.002 -u 3 || true
      done
      printf 'GET /todos HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&4
      read -r status <&4
      end=${EPOCHREALTIME/[.,]/}
      echo "$((end - begin)) $(awk '$1 == "VmHWM:" { print $2 }' "/proc/$server/status")"
      exec 4>&-
      kill -KILL "$server"
      wait "$server" 2> /dev/null || true
      [[ $status == "HTTP/1.1 200 "* ]] || { echo "$2 said $status" >&2; return 1; } ;;
    *)
      "${@:3}" "$2" $(arguments "$1") > /dev/null 2>&1 < /dev/null
      end=${EPOCHREALTIME/[.,]/}
      echo "$((end - begin))" ;;
  esac
}
arguments() {
  case $1 in
    jsoncli) echo "sum tests/apps/jsoncli/order.json" ;;
    sqlcli) echo "seed --count 20" ;;
  esac
}
startup_rows() {
  cat <<'EOF'
None-false plain `PublishAot`
General-false `General`
Serverless-false `Serverless`
SizeCritical-false `SizeCritical`, not packed
SizeCritical-true `SizeCritical`
Embedded-false `Embedded`, not packed
Embedded-true `Embedded`
peer-best PublishAotCompressed (`upx --best`)
peer-lzma … with its LZMA (`upx --best --lzma`)
EOF
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# All builds of an app in turns, every other round the other way, so that what else the machine does meets all of them; one
# round before them is not counted. Memory of programs in rounds of its own, since what tells it takes time to start.
measure_startup() {
  local data=$out/startup.tsv runs=21 names app name order round
  [ -x /usr/bin/time ] || { echo "GNU time is missing. Type: apt-get install time" >&2; return 1; }
  mapfile -t names < <(startup_rows | cut -d ' ' -f 1)
  # Nobody writes into it: reading it for a time is a pause without a process.
  mkfifo "$work/idle"
  exec 3<> "$work/idle"
  for app in "${apps[@]}"; do
    known "$data" None-false-us "$app" && continue
    for name in "${names[@]}"; do
      [ -d "$kept/$app/$name" ] || { echo "measure.sh profiles and peers have to run before" >&2; return 1; }
    done
    rm -rf "$work/runs"
    mkdir "$work/runs"
    for round in $(seq 0 $runs); do
      order=("${names[@]}")
      [ $((round % 2)) = 0 ] || mapfile -t order < <(printf '%s\n' "${names[@]}" | tac)
      for name in "${order[@]}"; do
        start "$app" "$kept/$app/$name/$app" > "$work/run"
        [ "$app" = webapi ] || { start "$app" "$kept/$app/$name/$app" /usr/bin/time -f %M -o "$work/peak" > /dev/null; echo "$(cat "$work/run") $(cat "$work/peak")" > "$work/run"; }
        [ "$round" = 0 ] || cat "$work/run" >> "$work/runs/$name"
      done
    done
    for name in "${names[@]}"; do
      printf '%s-us\t%s\t%s\n' "$name" "$app" "$(cut -d ' ' -f 1 "$work/runs/$name" | median)" >> "$data"
      printf '%s-kib\t%s\t%s\n' "$name" "$app" "$(cut -d ' ' -f 2 "$work/runs/$name" | median)" >> "$data"
      echo "$app $name $(value "$data" "$name-us" "$app") us, $(value "$data" "$name-kib" "$app") KiB" >&2
    done
  done
}

write_startup() {
  {
    echo "| Start-up, ms (times plain NativeAOT) / peak memory, MiB | hello | JSON tool | web API | SQLite tool |"
    echo "|---|--:|--:|--:|--:|"
    while read -r name title; do
      printf '| %s |' "$title"
      for app in "${apps[@]}"; do
        local us kib plain
        us=$(value "$out/startup.tsv" "$name-us" "$app") kib=$(value "$out/startup.tsv" "$name-kib" "$app") plain=$(value "$out/startup.tsv" None-false-us "$app")
        if [ -z "$us" ] || [ -z "$plain" ]; then printf ' – |'; else
          awk -v t="$us" -v p="$plain" -v m="$kib" 'BEGIN { printf " %.1f (×%.1f) / %.1f |", t / 1000, t / p, m / 1024 }'
        fi
      done
      echo
    done < <(startup_rows)
  } > "$work/startup.md"
  eng/insert.sh docs/profiles.md measured-startup "$work/startup.md"
}

case $what in
  settings) measure_settings; write_settings ;;
  profiles) measure_profiles; write_profiles ;;
  peers) measure_peers; write_profiles ;;
  startup) measure_startup; write_startup ;;
  tables)
    if [ -f "$out/settings.tsv" ]; then write_settings; fi
    if [ -f "$out/profiles.tsv" ]; then write_profiles; fi
    if [ -f "$out/startup.tsv" ]; then write_startup; fi ;;
  *) echo "settings, profiles, peers, startup or tables?" >&2; exit 2 ;;
esac
