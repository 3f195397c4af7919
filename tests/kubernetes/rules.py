"""What no schema says: that the objects of a rendering fit one another and the program.

Each rule takes a rendering and what is known of the program, and yields what is wrong.
"""

import re
from urllib.parse import urlsplit

from network import policies_match, the_flows_are_those_there_are
from rendered import label, matches

SECRET = "wangge-secrets"
SECRET_KEYS = {
    "organization_database_password",
    "tickets_database_password",
    "volunteers_database_password",
    "reporting_database_password",
    "jwks.json",
    "service_token",
}
# What no service does without, or does less safely.
NEEDED = {
    "WANGGE_DATABASE_URL",
    "WANGGE_DATABASE_PASSWORD_FILE",
    "WANGGE_JWKS_FILE",
    "WANGGE_ISSUER",
    "WANGGE_AUDIENCE",
    "WANGGE_METRICS_LISTEN",
}
# A service ends within this many seconds of being told to.
DRAIN_SECONDS = 10


def services(rendered):
    return [pod for pod in rendered.pods if pod.workload["kind"] == "Deployment"]


def one_restricted_namespace(rendered, known):
    namespaces = rendered.of("Namespace")
    if len(namespaces) != 1:
        yield f"{len(namespaces)} namespaces"
    for namespace in namespaces:
        if namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{label(namespace)} doesn't enforce restricted pods"
    names = {namespace["metadata"]["name"] for namespace in namespaces}
    for each in rendered.objects:
        if each["kind"] != "Namespace" and each["metadata"].get("namespace") not in names:
            yield f"{label(each)} is in no namespace of ours"


def selectors_match(rendered, known):
    for deployment in rendered.of("Deployment"):
        (own,) = [pod for pod in rendered.pods if pod.workload is deployment]
        if rendered.selected(deployment["spec"]["selector"]) != [own]:
            yield f"{label(deployment)} doesn't select its own pods and no others"
    for service in rendered.of("Service"):
        if len(rendered.behind(service)) != 1:
            yield f"{label(service)} selects the pods of {len(rendered.behind(service))} workloads"
    for each in rendered.of("PodDisruptionBudget", "PodMonitor"):
        if not rendered.selected(each["spec"]["selector"]):
            yield f"{label(each)} selects no pods"
    for autoscaler in rendered.of("HorizontalPodAutoscaler"):
        target = autoscaler["spec"]["scaleTargetRef"]
        scaled = rendered.named(target["kind"], target["name"])
        if not scaled or scaled["apiVersion"] != target.get("apiVersion"):
            yield f"{label(autoscaler)} scales {target['kind']} {target['name']}, which isn't there"


def replicas_are_spread(rendered, known):
    for pod in services(rendered):
        constraints = pod.spec.get("topologySpreadConstraints", [])
        if {each["topologyKey"] for each in constraints} != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
            yield f"{pod.name} is not spread over zones and hosts"
        for each in constraints:
            keys = set(each["matchLabelKeys"])
            own = {key: pod.labels.get(key) for key in keys - {"pod-template-hash"}}
            counted = rendered.selected({"matchLabels": each["labelSelector"]["matchLabels"] | own})
            if counted != [pod] or "pod-template-hash" not in keys:
                yield f"{pod.name} is spread by labels that are not those of its own pods of one version"


def services_are_found(rendered, known):
    """Headless, so that callers see every replica."""
    for pod in services(rendered):
        service = rendered.named("Service", pod.name)
        ports = {port["name"]: port for port in service["spec"]["ports"]} if service else {}
        if not service or service["spec"].get("clusterIP") != "None":
            yield f"{pod.name} has no headless Service"
        elif ports.get("grpc", {}).get("appProtocol") != "kubernetes.io/h2c":
            yield f"{label(service)} has no port grpc that speaks h2c"


def ports_are_there(rendered, known):
    for service in rendered.of("Service"):
        for port in service["spec"]["ports"]:
            for pod in rendered.behind(service):
                target = pod.ports.get(port.get("targetPort"))
                if target is None:
                    yield f"{label(service)}: its pods have no port called {port.get('targetPort')}"
                elif port["port"] != target:
                    yield f"{label(service)}: port {port['port']} of a headless Service is {target} of the pods"
    for monitor in rendered.of("PodMonitor"):
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            for pod in rendered.selected(monitor["spec"]["selector"]):
                if endpoint["port"] not in pod.ports:
                    yield f"{label(monitor)}: {pod.name} has no port {endpoint['port']}"
    for route, name, port in backends(rendered):
        service = rendered.named("Service", name)
        if not service or port not in [each for it in service["spec"]["ports"] for each in (it["port"], it["name"])]:
            yield f"{label(route)} leads to {name}:{port}, which isn't there"


def backends(rendered):
    for ingress in rendered.of("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                yield ingress, service["name"], service["port"].get("name", service["port"].get("number"))
    for route in rendered.of("GRPCRoute"):
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                yield route, backend["name"], backend["port"]


def probes_ask_what_they_should(rendered, known):
    asked = {"startupProbe": "liveness", "readinessProbe": "", "livenessProbe": "liveness"}
    for pod in services(rendered):
        for kind, service in asked.items():
            probe = pod.container.get(kind, {}).get("grpc")
            if probe is None:
                yield f"{pod.name} has no {kind} over gRPC"
            elif probe["port"] != pod.ports.get("grpc"):
                yield f"{pod.name}: {kind} asks port {probe['port']}, which is not its port grpc"
            elif probe.get("service", "") != service:
                yield f"{pod.name}: {kind} asks for {probe.get('service', '')!r} instead of {service!r}"


def settings_are_known(rendered, known):
    for pod in rendered.pods:
        for name, value in rendered.environment(pod).items():
            if value is None:
                yield f"{pod.name}: {name} comes from where nothing is"
            if name not in known:
                yield f"{pod.name}: no setting is called {name}"


def settings_are_whole(rendered, known):
    for pod in services(rendered):
        settings = rendered.environment(pod)
        for name in NEEDED - settings.keys():
            yield f"{pod.name} lacks {name}"
        if settings.get("WANGGE_ENVIRONMENT") != "production":
            yield f"{pod.name} would take development keys"


def addresses_are_there(rendered, known):
    for pod in rendered.pods:
        settings = rendered.environment(pod)
        for name, value in settings.items():
            if value and re.fullmatch(r"WANGGE_(ORGANIZATION|TICKETS|VOLUNTEERS|REPORTING)_URL", name):
                url = urlsplit(value)
                service = rendered.named("Service", url.hostname)
                if not service or url.port not in [port["port"] for port in service["spec"]["ports"]]:
                    yield f"{pod.name}: {name} is {value}, which isn't there"
        for name, port in {"WANGGE_METRICS_LISTEN": "metrics", "WANGGE_WALL_LISTEN": "wall"}.items():
            listens = int(settings[name].rpartition(":")[2]) if settings.get(name) else None
            if listens != pod.ports.get(port):
                yield f"{pod.name}: {name} is port {listens}, the pod's port {port} is {pod.ports.get(port)}"
        if "WANGGE_WALL_LISTEN" in settings and not settings.get("WANGGE_WALL_AREAS"):
            yield f"{pod.name} serves a wall and no areas"


def secrets_are_files(rendered, known):
    for pod in rendered.pods:
        mounted = set()
        for volume in pod.spec.get("volumes", []):
            secret = volume.get("secret", {})
            keys = {item["key"] for item in secret.get("items", [])}
            if secret.get("secretName") != SECRET or not keys:
                yield f"{pod.name}: volume {volume['name']} is not some of {SECRET}"
            for key in keys - SECRET_KEYS:
                yield f"{pod.name}: {SECRET} has no key {key}"
            if secret.get("defaultMode") != 0o440 or not pod.spec.get("securityContext", {}).get("fsGroup"):
                yield f"{pod.name}: its secrets are not for its group alone (0440, fsGroup)"
            for mount in pod.container.get("volumeMounts", []):
                if mount["name"] == volume["name"]:
                    mounted |= {f"{mount['mountPath']}/{item['path']}" for item in secret.get("items", [])}
        settings = rendered.environment(pod)
        read = {value for name, value in settings.items() if name.endswith("_FILE") and value}
        for file in read - mounted:
            yield f"{pod.name} reads {file}, which isn't mounted"
        for file in mounted - read:
            yield f"{pod.name} has {file} mounted and doesn't read it"


def no_secret_is_told(rendered, known):
    for secret in rendered.of("Secret"):
        yield f"{label(secret)} stands in the files"
    for each in rendered.objects:
        for path, text in strings(each):
            if re.search(r"://[^/@\s]*:[^/@\s]+@|-----BEGIN|\beyJ[\w-]{10,}", text):
                yield f"{label(each)}: {path} has a secret in it"
    for pod in rendered.pods:
        for name in rendered.environment(pod):
            if re.search(r"PASSWORD|SECRET|TOKEN|KEY", name) and not name.endswith("_FILE"):
                yield f"{pod.name}: {name} is a secret in the environment"
        for variable in pod.container.get("env", []):
            if "secretKeyRef" in variable.get("valueFrom", {}):
                yield f"{pod.name}: {variable['name']} is a secret in the environment"
        for source in pod.container.get("envFrom", []):
            if "secretRef" in source:
                yield f"{pod.name}: a Secret is in the environment"


def strings(value, path=""):
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list | dict):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from strings(below, f"{path}.{key}".lstrip("."))


def images_have_a_version(rendered, known):
    versions = {}
    for pod in rendered.pods:
        image = pod.container["image"]
        # A port may stand before the first slash, a digest behind the tag.
        tagged = re.fullmatch(r"(?:[^@]*/)?[^:@/]+:([\w.-]+)(?:@sha256:[0-9a-f]{64})?", image)
        if not tagged:
            yield f"{pod.name}: {image} has no tag"
        elif tagged[1] == "latest":
            yield f"{pod.name}: {image} is whatever is latest"
        else:
            versions[pod.name] = tagged[1]
    if len(set(versions.values())) > 1:
        yield f"versions are mixed: {versions}"
    for pod in rendered.pods:
        if pod.workload["kind"] == "Job" and pod.name in versions:
            version = versions[pod.name]
            if pod.workload["metadata"]["name"] != f"{pod.name}-{version.replace('.', '-')}":
                yield f"{label(pod.workload)} runs {version} and doesn't say so"


def pods_have_no_rights(rendered, known):
    for pod in rendered.pods:
        whole, container = pod.spec.get("securityContext", {}), pod.container.get("securityContext", {})
        ids = {whole.get("runAsUser"), whole.get("runAsGroup"), whole.get("fsGroup")}
        account = rendered.named("ServiceAccount", pod.spec.get("serviceAccountName"))
        for what, kept in {
            "doesn't run as 10001": ids == {10001} and whole.get("runAsNonRoot") is True,
            "has no seccomp profile": whole.get("seccompProfile") == {"type": "RuntimeDefault"},
            "may gain privileges": container.get("allowPrivilegeEscalation") is False,
            "may write to its root": container.get("readOnlyRootFilesystem") is True,
            "has capabilities": container.get("capabilities") == {"drop": ["ALL"]},
            "has no account of its own": account and account["metadata"]["name"] == pod.name,
            "is given a token": pod.spec.get("automountServiceAccountToken") is False
            and (account or {}).get("automountServiceAccountToken") is False,
            "is told of services in its environment": pod.spec.get("enableServiceLinks") is False,
        }.items():
            if not kept:
                yield f"{pod.name} {what}"


def pods_come_and_go_gently(rendered, known):
    for pod in rendered.pods:
        resources = pod.container.get("resources", {})
        for kind in "requests", "limits":
            if resources.get(kind, {}).keys() != {"cpu", "memory"}:
                yield f"{pod.name} has no {kind} of cpu and memory"
    for pod in services(rendered):
        sleep = pod.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if sleep < 1:
            yield f"{pod.name} doesn't wait for its address to leave DNS"
        if pod.spec.get("terminationGracePeriodSeconds", 30) <= sleep + DRAIN_SECONDS:
            yield f"{pod.name} is killed before it has drained"
        if pod.workload["spec"].get("strategy", {}).get("rollingUpdate") != {"maxUnavailable": 0, "maxSurge": 1}:
            yield f"{pod.name} takes a replica down before the next is up"
        if pod.workload["spec"].get("minReadySeconds", 0) < sleep + DRAIN_SECONDS:
            yield f"{pod.name} has several replicas ending at a time"


def the_migration_runs_once(rendered, known):
    jobs = [pod for pod in rendered.pods if pod.workload["kind"] == "Job"]
    if [job.container.get("args") for job in jobs] != [["migrate"]]:
        yield "there is not one job that migrates"
    for job in jobs:
        if job.spec.get("restartPolicy") not in ("Never", "OnFailure"):  # which a job can't do without
            yield f"{label(job.workload)} restarts for ever"


def replicas_are_set_by_one(rendered, known):
    """Either the autoscaler sets them, with a budget for drains, or the Deployment does, without."""
    scaled = {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in rendered.of("HorizontalPodAutoscaler")}
    for pod in services(rendered):
        replicas = pod.workload["spec"].get("replicas")
        budgets = [
            each["spec"] for each in rendered.of("PodDisruptionBudget") if matches(each["spec"]["selector"], pod.labels)
        ]
        if (replicas is None) != (pod.name in scaled):
            yield f"{pod.name}: replicas are set by both or neither of Deployment and autoscaler"
        if len(budgets) != (pod.name in scaled):
            yield f"{pod.name} has {len(budgets)} disruption budgets"
        if any(budget.get("maxUnavailable") != 1 for budget in budgets):
            yield f"{pod.name}: its budget blocks a drain, or gives up more than one replica"
        if any(budget.get("unhealthyPodEvictionPolicy") != "AlwaysAllow" for budget in budgets):
            yield f"{pod.name}: its budget blocks a drain while the database is away"
        if pod.name in scaled and scaled[pod.name]["minReplicas"] < 2:
            yield f"{pod.name} is scaled down to one replica"


RULES = [
    one_restricted_namespace,
    selectors_match,
    replicas_are_spread,
    services_are_found,
    ports_are_there,
    policies_match,
    the_flows_are_those_there_are,
    probes_ask_what_they_should,
    settings_are_known,
    settings_are_whole,
    addresses_are_there,
    secrets_are_files,
    no_secret_is_told,
    images_have_a_version,
    pods_have_no_rights,
    pods_come_and_go_gently,
    the_migration_runs_once,
    replicas_are_set_by_one,
]
