#!/usr/bin/env python3
"""Writes build/BinarySize.Build.Cuts.props from the manifests of src/BinarySize.Build/Cuts.

    eng/cuts.py            writes it
    eng/cuts.py --check    fails where it is not what the manifests say
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CUTS = ROOT / "src" / "BinarySize.Build" / "Cuts"
PROPS = ROOT / "build" / "BinarySize.Build.Cuts.props"


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
    return " and ".join(terms)


def props() -> str:
    lines = [
        "<Project>",
        "  <!-- Cuts that profiles take, from the manifests of src/BinarySize.Build/Cuts: written by eng/cuts.py. -->",
        "  <ItemGroup>",
    ]
    for file in sorted(CUTS.glob("*/*.json"), key=lambda f: f.relative_to(CUTS).as_posix()):
        manifest = json.loads(file.read_text(encoding="utf-8"))
        if manifest["profiles"]:
            lines.append('    <BinarySizeCut Include="%s/%s" ByProfile="true" Condition="%s" />' % (file.parent.name, file.stem, condition(manifest)))
    return "\n".join(lines + ["  </ItemGroup>", "</Project>", ""])


if __name__ == "__main__":
    text = props()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if PROPS.exists() and PROPS.read_text(encoding="utf-8") == text else "build/BinarySize.Build.Cuts.props is not what the manifests say: run eng/cuts.py")
    PROPS.write_text(text, encoding="utf-8")
