"""Renders the deployment, and checks it against schemas, rules and faults made on purpose."""

import argparse
import json
import re
import sys
from functools import cache
from pathlib import Path

import kubernetes_validate

import faults
from rendered import Rendered, Unrendered, label, render, render_component
from rules import RULES

HERE = Path(__file__).parent
# The oldest version that knows all we use, and the newest there is a schema for.
VERSIONS = ["1.30", "1.37"]
# Kinds that extensions bring: Kubernetes has no schema for them.
EXTENSIONS = {"gateway.networking.k8s.io/v1", "monitoring.coreos.com/v1"}
TARGETS = [
    "base",
    "overlays/single",
    "overlays/city",
    # Over the base; the wall is part of both overlays.
    "components/gateway",
    "components/prometheus-operator",
]


def checks(deployment, target, known):
    """Each check of a rendering by name, with what is wrong."""
    kind, _, name = target.partition("/")
    try:
        objects = render_component(deployment, name) if kind == "components" else render(deployment / target)
    except Unrendered as refusal:
        yield target, [str(refusal)]
        return
    sound = True
    for each in objects:
        for version in VERSIONS if each["apiVersion"] not in EXTENSIONS else ():
            complaints = against_schema(json.dumps(each), version)
            sound = sound and not complaints
            yield f"{target}: {label(each)} for Kubernetes {version}", complaints
    # Rules rely on what schemas promise.
    for rule in RULES if sound else ():
        yield f"{target}: {rule.__name__.replace('_', ' ')}", against_rule(rule, objects, known)


def against_rule(rule, objects, known):
    try:
        return list(rule(Rendered(objects), known))
    except (KeyError, ValueError) as lack:  # what Kubernetes may do without, and we don't
        return [f"something is left out that has to be there: {lack!r}"]


@cache  # since most of a broken copy is what it was
def against_schema(text, version):
    try:
        kubernetes_validate.validate(json.loads(text), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{'.'.join(map(str, error.path))}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError as error:
        return [error.message]
    return []


def settings(document):
    """Every name of a setting that stands anywhere in a JSON document."""
    if isinstance(document, str):
        return {document} if re.fullmatch(r"(WANGGE|OTEL)_[A-Z0-9_]+", document) else set()
    if isinstance(document, dict):
        document = [*document, *document.values()]
    return set().union(*map(settings, document)) if isinstance(document, list) else set()


class Report:
    passed = failed = 0

    def enter(self, check, complaints):
        self.passed += not complaints
        self.failed += bool(complaints)
        for complaint in complaints:
            print(f"FAILED {check}: {complaint}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path, default=HERE / "settings.json")
    parser.add_argument("--deployment", type=Path)
    arguments = parser.parse_args()
    known = settings(json.loads(arguments.settings.read_text()))
    deployment = arguments.deployment or HERE.parents[1] / "deploy/kubernetes"

    report = Report()
    for target in TARGETS:
        for check, complaints in checks(deployment, target, known):
            report.enter(check, complaints)

    # Copies of what is broken already would prove nothing.
    if not arguments.deployment and not report.failed:
        def complaints(copy, target):
            return (each for _, found in checks(copy, target, known) for each in found)

        for fault, missed in faults.make_each(deployment, complaints):
            report.enter(fault, missed)

    print(f"{report.passed} passed, {report.failed} failed")
    sys.exit(report.failed > 0)


main()
