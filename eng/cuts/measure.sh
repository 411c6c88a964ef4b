#!/usr/bin/env bash
# Measures cuts with NativeAOT on linux-x64, behind the settings of the profile Embedded and before packing.
#   eng/cuts/measure.sh cuts      each cut of the catalogue alone, on the sample that its manifest names; the manifests
#                                 get the figures, eng/cuts.py then writes docs/cuts.md
#   eng/cuts/measure.sh cut FILE.xml APP    a file of one's own on an app of tests/apps
#   eng/cuts/measure.sh others    programs from the SDK's templates: plain, Embedded without cuts, Embedded
# An app is published once; for each cut the compiler and the linker run again on its response file, which takes seconds.
# PUBLISH_LOCK names a file that is locked during each publish, where several of them share a machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(eng/pack.sh)
mkdir "$work/feed"
cp artifacts/package/release/BinarySize.Build.*.nupkg "$work/feed/"

publish() { # name, folder of the source, arguments: into $work/NAME
  local name=$1 source=$2
  shift 2
  mkdir -p "$work/$name"
  cp tests/apps/Directory.* global.json "$work/$name/"
  find "$source" -maxdepth 1 -type f -exec cp {} "$work/$name/" \;
  cat > "$work/$name/Directory.Build.targets" <<EOF
<Project>
  <PropertyGroup><RestoreAdditionalProjectSources>$work/feed</RestoreAdditionalProjectSources></PropertyGroup>
  <ItemGroup><PackageReference Include="BinarySize.Build" Version="$version" PrivateAssets="all" /></ItemGroup>
  <Target Name="TellHowToLink" AfterTargets="LinkNative">
    <WriteLinesToFile File="obj/link.txt" Lines="\$(CppLinker);@(CustomLinkerArg)" Overwrite="true" />
  </Target>
</Project>
EOF
  local command=(dotnet publish "$work/$name" -c Release -r linux-x64 -p:PublishAot=true -p:BinarySizePack=false -p:BinarySizeAttribution=false -p:SuppressTrimAnalysisWarnings=true -o "$work/$name/publish" -v quiet "$@")
  if [ -n "${PUBLISH_LOCK:-}" ]; then flock -o "$PUBLISH_LOCK" "${command[@]}"; else "${command[@]}"; fi > "$work/log" 2>&1 < /dev/null || { cat "$work/log" >&2; return 1; }
}
# Compiles and links again without any cut but those given, and prints the size.
again() { # name, files...
  local name=$1 app native core
  shift
  app=$(basename "$name")
  cd "$work/$name"
  native=obj/Release/net9.0/linux-x64/native/$app
  grep -v -e '^--substitution:.*/cuts/' -e '^-o:' "$native.ilc.rsp" > again.rsp
  echo "-o:$PWD/again.o" >> again.rsp
  for file in "$@"; do echo "--substitution:$file" >> again.rsp; done
  core=$(sed -n 's/^-r:\(.*\)\/sdk\/System.Private.CoreLib.dll$/\1/p' again.rsp)
  "$core/tools/ilc" @again.rsp > again.log 2>&1 || { cat again.log >&2; return 1; }
  sh -c "$(tr '\n' ' ' < obj/link.txt | sed -e "s|$native\.o|$PWD/again.o|" -e "s|bin/Release/net9.0/linux-x64/native/$app|$PWD/again|")" > again.log 2>&1 || { cat again.log >&2; return 1; }
  objcopy --strip-debug --strip-unneeded again
  stat -c %s again
  cd "$root"
}

case ${1:-cuts} in
  cuts)
    python3 - <<'EOF' > "$work/list"
import json, pathlib
for file in sorted(pathlib.Path("src/BinarySize.Build/Cuts").glob("*/*.json")):
    print(json.loads(file.read_text())["saves"]["sample"], file.with_suffix(""))
EOF
    for sample in $(cut -d ' ' -f 1 "$work/list" | sort -u); do
      publish "$sample" "tests/apps/$sample" -p:BinarySizeProfile=Embedded
      before=$(again "$sample")
      while read -r _ cut; do
        after=$(again "$sample" "$root/$cut.xml")
        echo "$cut $sample $before $after"
        python3 - "$cut.json" "$before" "$after" <<'EOF'
import json, pathlib, sys
file = pathlib.Path(sys.argv[1])
manifest = json.loads(file.read_text(encoding="utf-8"))
manifest["saves"].update(before=int(sys.argv[2]), after=int(sys.argv[3]))
file.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
EOF
      done < <(grep "^$sample " "$work/list")
      rm -rf "${work:?}/$sample"
    done
    eng/cuts.py
    ;;
  cut)
    publish "$3" "tests/apps/$3" -p:BinarySizeProfile=Embedded
    echo "$(again "$3") -> $(again "$3" "$(realpath "$2")")"
    ;;
  others)
    for template in worker webapiaot; do
      dotnet new "$template" -n "$template" -o "$work/templates/$template" --no-restore > /dev/null
      # The same program on the framework that all figures are of.
      sed -i -e 's/net10\.0/net9.0/' -e 's/\(Hosting" Version="\)10[^"]*/\19.0.23/' -e 's/\(OpenApi" Version="\)10[^"]*/\19.0.20/' "$work/templates/$template/$template.csproj"
      for how in None none Embedded; do
        profile=Embedded more=
        case $how in None) profile=None ;; none) more=-p:BinarySizeCuts=none ;; esac
        publish "$template" "$work/templates/$template" "-p:BinarySizeProfile=$profile" $more
        echo "$template $how $(stat -c %s "$work/$template/publish/$template")"
        rm -rf "${work:?}/$template"
      done
    done
    ;;
  *) echo "cuts, cut or others?" >&2; exit 2 ;;
esac
