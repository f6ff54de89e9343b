#!/usr/bin/env python3
"""What a conformance run is to run, and what came of it.

report.py choose CASES WITHOUT-IMAGE all|without-image REGEX
    a line for each case to run: "parallel" or "serial", and the case as a regular expression
report.py show CASES WITHOUT-IMAGE FOLDER
    what came of each, by ginkgo's reports in FOLDER, the images that pods asked for, and those that
    nodes have; exits 1 if a case failed

CASES is what `e2e.test --list-conformance-tests` prints. WITHOUT-IMAGE has a line for each case that
fails for want of an image: "IMAGE: CASE".
"""
import glob
import json
import os
import re
import sys

import yaml


def read_cases(path):
    with open(path, encoding="utf-8") as file:
        return [" ".join(case["codename"].split()) for case in yaml.safe_load(file)]


def read_without_image(path):
    images = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                image, case = line.strip().split(": ", 1)
                images.setdefault(case, []).append(image)
    return images


def choose(cases, without_image, wanted, regex):
    unknown = sorted(set(without_image) - set(cases))
    if unknown:
        sys.exit("no case of this release: " + "; ".join(unknown))
    for case in cases:
        if (case in without_image) == (wanted == "without-image") and re.search(regex, case):
            print("serial" if "[Serial]" in case else "parallel", re.escape(case).replace(r"\ ", " "))


def read_pods(path):
    """The images of each namespace's pods."""
    images = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            namespace, *rest = line.split()
            images.setdefault(namespace, set()).update(rest)
    return images


def read_specs(folder):
    """Each case that ran: its name, and what ginkgo reports of it."""
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(path, encoding="utf-8") as file:
            suites = json.load(file)
        for suite in suites:
            for spec in suite["SpecReports"] or []:
                name = " ".join((spec.get("ContainerHierarchyTexts") or []) + [spec["LeafNodeText"]])
                if spec["LeafNodeType"] != "It":
                    if spec["State"] not in ("passed", "skipped"):
                        yield spec["LeafNodeType"] + " " + name, spec
                elif spec["State"] != "skipped" or spec.get("Failure", {}).get("Message"):
                    yield " ".join(name.split()), spec


def first_line(spec):
    lines = spec.get("Failure", {}).get("Message", "").strip().splitlines()
    return " | ".join(lines[:6])[:600]


def missing_images(spec, pods, there):
    namespaces = set(re.findall(r'Destroying namespace \\"([^"\\]+)\\"', json.dumps(spec)))
    asked = set().union(*[pods.get(namespace, set()) for namespace in namespaces])
    return sorted(asked - there)


def show(cases, without_image, folder):
    pods = read_pods(os.path.join(folder, "pods"))
    with open(os.path.join(folder, "on-nodes"), encoding="utf-8") as file:
        there = set(file.read().split())
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    seen = set()

    def say(word, case, why=""):
        counts[word] += 1
        print(f"{word} {case}{why and ': ' + why}")

    for case, spec in read_specs(folder):
        seen.add(case)
        seconds = spec["RunTime"] / 1e9
        missing = missing_images(spec, pods, there)
        if spec["State"] == "passed":
            lacks = f", without {' '.join(missing)}" if missing else ""
            say("ok", f"{case} ({seconds:.0f} s{lacks})")
        elif spec["State"] == "skipped":
            say("skip", case, first_line(spec))
        else:
            lacks = f"without {' '.join(missing)}: " if missing else ""
            say("FAIL", case, f"{lacks}{first_line(spec)} ({seconds:.0f} s)")
    for case in cases:
        if case in without_image and case not in seen:
            say("skip", case, "needs " + " ".join(without_image[case]))
    left = [case for case in cases if case not in seen and case not in without_image]
    print(f"{len(cases)} conformance cases: {counts['ok']} passed, {counts['FAIL']} failed, "
          f"{counts['skip']} skipped, {len(left)} not run")
    return 1 if counts["FAIL"] or not counts["ok"] else 0


def main():
    what, cases, without_image, *rest = sys.argv[1:]
    cases = read_cases(cases)
    without_image = read_without_image(without_image)
    if what == "choose":
        choose(cases, without_image, *rest)
    else:
        sys.exit(show(cases, without_image, *rest))


if __name__ == "__main__":
    main()
