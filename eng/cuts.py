#!/usr/bin/env python3
"""Writes build/BinarySize.Build.Cuts.props, and the table of docs/cuts.md, from the manifests of src/BinarySize.Build/Cuts.

    eng/cuts.py            writes them
    eng/cuts.py --check    fails where they are not what the manifests say
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CUTS = ROOT / "src" / "BinarySize.Build" / "Cuts"
PROPS = ROOT / "build" / "BinarySize.Build.Cuts.props"
DOCUMENT = ROOT / "docs" / "cuts.md"
BEGIN, END = "<!-- catalogue -->\n", "<!-- /catalogue -->\n"


def condition(manifest: dict) -> str:
    terms = []
    if "property" in manifest:
        # The property says whether it is taken, whoever set it; without a profile nothing is done unasked.
        name, value = manifest["property"].split("=")
        terms.append("'$(_BinarySizeProfile)' != '' and '$(_BinarySizeProfile)' != 'None' and '$(%s)' == '%s'" % (name, value))
    else:
        profiles = []
        for profile in manifest["profiles"]:
            term = "'$(_BinarySizeProfile)' == '%s'" % profile
            profiles.append("(%s and '$(_BinarySizeOutput)' == 'Browser')" % term if profile == "WebAssembly" else term)
        terms.append(profiles[0] if len(profiles) == 1 else "(" + " or ".join(profiles) + ")")
    if "from" in manifest:
        terms.append("$([MSBuild]::VersionGreaterThanOrEquals('$(_BinarySizeFramework)', '%s'))" % manifest["from"])
    if "until" in manifest:
        terms.append("$([MSBuild]::VersionLessThan('$(_BinarySizeFramework)', '%s'))" % manifest["until"])
    if "when" in manifest:
        terms.append("(%s)" % manifest["when"])
    return " and ".join(terms)


def props() -> str:
    lines = [
        "<Project>",
        "  <!-- Cuts that profiles take, from the manifests of src/BinarySize.Build/Cuts: written by eng/cuts.py. -->",
        "  <ItemGroup Condition=\"'$(_BinarySizeProfile)' != 'None'\">",
    ]
    for name, manifest in manifests():
        if manifest["profiles"]:
            lines.append('    <BinarySizeCut Include="%s" ByProfile="true" Condition="%s" />' % (name, condition(manifest)))
    return "\n".join(lines + ["  </ItemGroup>", "</Project>", ""])


def manifests() -> list:
    files = sorted(CUTS.glob("*/*.json"), key=lambda f: f.relative_to(CUTS).as_posix())
    return [("%s/%s" % (f.parent.name, f.stem), json.loads(f.read_text(encoding="utf-8"))) for f in files]


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def document() -> str:
    lines = [
        "| Cut | Gives up | What is seen | Saves alone | Taken by | Fits |",
        "|---|---|---|--:|---|---|",
    ]
    for name, manifest in manifests():
        saves = manifest["saves"]
        saved = saves["before"] - saves["after"]
        taken = manifest["profiles"][0] if manifest["profiles"] else "nobody"
        taken = "`%s` on" % taken if taken == "SizeCritical" else "`%s`" % taken if taken != "nobody" else "–"
        if "property" in manifest:
            taken = "`%s`" % manifest["property"]
        library = {"framework": ".NET", "aspnetcore": "ASP.NET Core"}.get(manifest["library"], manifest["library"])
        lines.append("| `%s` | %s | %s | %s (%.1f %%) of %s | %s | %s %s |" % (
            name, cell(manifest["givesUp"]), cell(manifest["reached"]), format(saved, ","), 100 * saved / saves["before"], saves["sample"],
            taken, library, ", ".join(manifest["tried"])))
    text = DOCUMENT.read_text(encoding="utf-8")
    return text[:text.index(BEGIN) + len(BEGIN)] + "\n".join(lines) + "\n" + text[text.index(END):]


if __name__ == "__main__":
    for file, text in ((PROPS, props()), (DOCUMENT, document())):
        if "--check" not in sys.argv[1:]:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            sys.exit("%s is not what the manifests say: run eng/cuts.py" % file.relative_to(ROOT))
