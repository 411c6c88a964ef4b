#!/usr/bin/env bash
# How long does a question to a large dependency graph take, and how much memory? Writes a graph of a given size (all reasons,
# so that dominators are part of it), asks it with the command as the build made it, and prints seconds and peak memory.
#   eng/bench/why.sh [MB] [RUNS]    default: 150 MB, 3 runs
set -euo pipefail
cd "$(dirname "$0")/../.."
size=${1:-150} runs=${2:-3}
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
command -v /usr/bin/time >/dev/null || { echo "GNU time is missing. Type: apt-get install time" >&2; exit 1; }
dotnet build src/BinarySize.Cli -c Release -f net10.0 --nologo -v quiet >&2
tool=artifacts/bin/BinarySize.Cli/release_net10.0/BinarySize.Cli.dll
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 - "$size" "$work/app.scan.dgml.xml" <<'PY'
import random, sys
random.seed(1)
target, path = int(sys.argv[1]) << 20, sys.argv[2]
# A node is about 150 bytes with its label, and has three reasons of 65 bytes.
nodes = target // (150 + 3 * 68)
with open(path, "w", encoding="utf-8", newline="\n") as out:
    out.write('<?xml version="1.0" encoding="utf-8"?>\n<DirectedGraph xmlns="http://schemas.microsoft.com/vs/2009/dgml">\n <Nodes>\n')
    for i in range(nodes):
        out.write(f'  <Node Id="{i}" Label="Library{i % 97}_Some_Name_Space_Of_Average_Length_{i % 4001}_Type_{i % 40009}&lt;System___Canon__Int32&gt;__Method_{i}" />\n')
    out.write(" </Nodes>\n <Links>\n")
    for i in range(1, nodes):
        out.write(f'  <Link Source="{random.randrange(max(0, i - 5000), i)}" Target="{i}" Reason="call" Stroke="#FF0000" />\n')
        for _ in range(2):
            out.write(f'  <Link Source="{random.randrange(nodes)}" Target="{i}" Reason="reloc" Stroke="#FF0000" />\n')
    out.write(" </Links>\n</DirectedGraph>\n")
print(f"{nodes} nodes, {3 * (nodes - 1)} edges", file=sys.stderr)
PY
ls -l "$work/app.scan.dgml.xml" | awk '{ printf "graph: %.1f MB\n", $5 / 1048576 }'
last="Library$(( 3 % 97 ))_Some_Name_Space_Of_Average_Length_3_Type_3<System___Canon__Int32>__Method_3"
for question in "$last" --dominators; do
  for _ in $(seq "$runs"); do
    /usr/bin/time -f "%e s, %M KB" -o "$work/one" dotnet "$tool" why "$work/app.scan.dgml.xml" "$question" --by member >/dev/null 2>&1 || true
    printf '%-14.14s %s\n' "$question" "$(tail -1 "$work/one")"
  done
done
