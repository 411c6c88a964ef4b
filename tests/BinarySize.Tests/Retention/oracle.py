#!/usr/bin/env python3
"""Answers about a dependency graph, by other means than ours: xml.etree and plain fixpoints.

oracle.py levels GRAPH            one line a node: level (-1: not needed), in the order of the file
oracle.py lost GRAPH < numbers    for each line of node numbers: how many needed nodes are not needed without these
A conditional node needs one "Primary" and one "Secondary" reason; its level is one more than the later one's.
"""
import collections
import gzip
import sys
import xml.etree.ElementTree as ET


def load(path):
    names, edges, first = [], [], []
    number = {}
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        for _, element in ET.iterparse(file):
            tag = element.tag.rsplit("}", 1)[-1]
            if tag == "Node":
                number[element.get("Id")] = len(names)
                names.append(element.get("Label"))
            elif tag == "Link":
                edges.append((number[element.get("Source")], number[element.get("Target")], element.get("Reason")))
            elif tag == "edge":
                ends = (element.get("b"), element.get("e"))
                is_root = ends[0] not in number and ends[0] != ends[1] and ends[0].startswith(("Assembly:", "Other:"))
                for end in ends:
                    if end not in number:
                        number[end] = len(names)
                        names.append(end)
                if ends[0] != ends[1]:
                    edges.append((number[ends[0]], number[ends[1]], ""))
                if is_root:
                    first.append(number[ends[0]])
            element.clear()
    out = collections.defaultdict(list)
    kinds = collections.defaultdict(set)
    into = set()
    for source, target, reason in edges:
        out[source].append((target, reason))
        into.add(target)
        if reason in ("Primary", "Secondary"):
            kinds[target].add(reason)
    conditional = {n for n, k in kinds.items() if len(k) == 2}
    if any(e[2] for e in edges):
        roots = [n for n in range(len(names)) if n not in into and out[n]]
    else:
        roots = first
    return names, out, conditional, roots


def levels(graph, without=()):
    names, out, conditional, roots = graph
    level = [-1] * len(names)
    seen = collections.defaultdict(set)
    today = [r for r in roots if r not in without]
    for r in today:
        level[r] = 0
    at = 0
    while today:
        at += 1
        tomorrow = []
        for node in today:
            for target, reason in out[node]:
                if level[target] >= 0 or target in without:
                    continue
                if target in conditional:
                    seen[target] |= {reason} if reason in ("Primary", "Secondary") else {"Primary", "Secondary"}
                    if len(seen[target]) < 2:
                        continue
                level[target] = at
                tomorrow.append(target)
        today = tomorrow
    return level


graph = load(sys.argv[2])
whole = levels(graph)
if sys.argv[1] == "levels":
    print("\n".join(map(str, whole)))
else:
    for line in sys.stdin:
        left = levels(graph, set(map(int, line.split())))
        print(sum(1 for a, b in zip(whole, left) if a >= 0 > b))
