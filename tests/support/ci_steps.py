#!/usr/bin/env python3
"""Takes the shell steps out of a pipeline's file, as its CI would run them.

Usage: ci_steps.py FILE DIRECTORY
Writes NN.main (in their order, until one fails), NN.always (then, in any case) and NN.nightly (what
a schedule runs instead), "shell" (what runs them) and "variables" (NAME=VALUE lines).
"""
import pathlib
import re
import sys

import yaml


def github(text):
    file = yaml.safe_load(text)
    steps = []
    for job in file["jobs"].values():
        nightly = "== 'schedule'" in job.get("if", "")
        for step in job["steps"]:
            if "run" in step:
                when = "always" if step.get("if") == "always()" else "main"
                steps.append(("nightly" if nightly else when, step["run"]))
    return "bash -e", file.get("env", {}), steps


def gitlab(text):
    file = yaml.safe_load(text)
    variables = file.pop("variables", {})
    steps = []
    for job in file.values():
        nightly = any("== \"schedule\"" in rule.get("if", "") for rule in job["rules"])
        main = job.get("before_script", []) + job["script"]
        steps.append(("nightly" if nightly else "main", "\n".join(main)))
        if "after_script" in job:
            steps.append(("always", "\n".join(job["after_script"])))
    return "bash -eo pipefail", variables, steps


def groovy_text(quoted):
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.S)


def jenkins(text):
    environment = re.search(r"environment \{(.*?)\n  \}", text, re.S).group(1)
    variables = dict(re.findall(r"^ +(\w+) = '([^']*)'", environment, re.M))
    stages, post = text.split("\n  post {")
    steps = []
    step = re.compile(r"\bsh (?:'''(.*?)'''|'((?:[^'\\\n]|\\.)*)')", re.S)
    for stage in stages.split("stage(")[1:]:
        nightly = "when { triggeredBy 'TimerTrigger' }" in stage
        steps += [("nightly" if nightly else "main", groovy_text(a or b)) for a, b in step.findall(stage)]
    always = post.split("always {")[1]
    steps += [("always", groovy_text(a or b)) for a, b in step.findall(always)]
    return "sh -xe", variables, steps


def main():
    file, out = map(pathlib.Path, sys.argv[1:])
    read = {"github-actions.yml": github, "gitlab-ci.yml": gitlab, "Jenkinsfile": jenkins}
    shell, variables, steps = read[file.name](file.read_text())
    out.mkdir(parents=True)
    (out / "shell").write_text(shell + "\n")
    lines = [f"{name}={value}\n" for name, value in variables.items()]
    (out / "variables").write_text("".join(lines))
    for number, (when, script) in enumerate(steps):
        (out / f"{number:02}.{when}").write_text(script + "\n")


main()
