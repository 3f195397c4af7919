"""What kustomize makes of a folder, and how its objects refer to one another."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

KUBECTL = Path(sys.executable).parent / "kubectl"


class Unrendered(Exception):
    """kustomize refused."""


@dataclass
class Pod:
    """Pods as a workload makes them."""

    workload: dict
    name: str  # of the program, by its label
    labels: dict
    spec: dict

    @property
    def container(self):
        (container,) = self.spec["containers"]
        return container

    @property
    def ports(self):
        return {port["name"]: port["containerPort"] for port in self.container.get("ports", [])}


class Rendered:
    """The objects of one rendering."""

    def __init__(self, objects):
        self.objects = objects
        self.pods = [pod(workload) for workload in self.of("Deployment", "Job")]

    def of(self, *kinds):
        return [each for each in self.objects if each["kind"] in kinds]

    def named(self, kind, name):
        return next((each for each in self.of(kind) if each["metadata"]["name"] == name), None)

    def selected(self, selector):
        return [each for each in self.pods if matches(selector, each.labels)]

    def behind(self, service):
        """The pods behind a Service."""
        return self.selected({"matchLabels": service["spec"]["selector"]})

    def environment(self, pod):
        """What a pod finds in its environment; None is what it lacks the source of."""
        found = {}
        for source in pod.container.get("envFrom", []):
            config_map = self.named("ConfigMap", source.get("configMapRef", {}).get("name"))
            found |= config_map["data"] if config_map else {str(source): None}
        for variable in pod.container.get("env", []):
            reference = variable.get("valueFrom", {}).get("configMapKeyRef", {})
            config_map = self.named("ConfigMap", reference.get("name")) or {"data": {}}
            found[variable["name"]] = variable.get("value", config_map["data"].get(reference.get("key")))
        return found


def pod(workload):
    template = workload["spec"]["template"]
    labels = template["metadata"]["labels"]
    return Pod(workload, labels["app.kubernetes.io/name"], labels, template["spec"])


def matches(selector, labels):
    """Whether a label selector takes these labels in; an empty one takes in all."""
    expressions = [
        {"key": key, "operator": "In", "values": [value]} for key, value in selector.get("matchLabels", {}).items()
    ] + selector.get("matchExpressions", [])
    return all(holds(each, labels) for each in expressions)


def holds(expression, labels):
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None


def label(thing):
    return f"{thing['kind']} {thing['metadata']['name']}"


def render(folder):
    answer = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True)
    if answer.returncode != 0:
        raise Unrendered(answer.stderr.strip())
    return list(yaml.safe_load_all(answer.stdout))


def render_component(deployment, component):
    """A component over the base."""
    with tempfile.TemporaryDirectory() as folder:
        below = os.path.relpath(deployment.resolve(), Path(folder).resolve())
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "wangge",
            "resources": [f"{below}/base"],
            "components": [f"{below}/components/{component}"],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return render(folder)
