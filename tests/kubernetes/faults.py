"""Faults made on purpose, each in a copy of the deployment, and what the check has to say about it."""

import shutil
import tempfile
from pathlib import Path

BASE, SINGLE, CITY = "base", "overlays/single", "overlays/city"
TICKETS, POLICIES, POD, SERVICE = (
    f"base/{name}.yaml" for name in ("tickets", "network-policies", "every-pod", "every-service")
)

# (where it is seen, file, text, what takes its place, complaint)
FAULTS = [
    # what kustomize and the schemas find
    (BASE, "base/kustomization.yaml", "- tickets.yaml", "- ticket.yaml", "ticket.yaml"),
    (BASE, TICKETS, "unhealthyPodEvictionPolicy", "evictionPolicy", "'evictionPolicy' was unexpected"),
    (BASE, SERVICE, "sleep: {seconds: 15}", "sleep: {seconds: soon}", "'soon' is not of type"),
    (BASE, "base/migrate.yaml", "batch/v1", "batch/v2", "Couldn't find schema"),
    # namespace
    (BASE, "base/namespace.yaml", "enforce: restricted", "enforce: baseline", "doesn't enforce restricted"),
    (BASE, "base/kustomization.yaml", "namespace: wangge\n", "", "is in no namespace of ours"),
    # selectors
    (BASE, TICKETS, "  selector: {app.kubernetes.io/name: tickets}", "  selector: {app.kubernetes.io/name: ticket}",
     "Service tickets selects the pods of 0 workloads"),
    (BASE, TICKETS, "  selector:\n    matchLabels: {app.kubernetes.io/name: tickets}\n  template",
     "  selector:\n    matchLabels: {app.kubernetes.io/component: service}\n  template",
     "Deployment tickets doesn't select its own pods and no others"),
    (BASE, TICKETS, "drained all the same\n  selector:\n    matchLabels: {app.kubernetes.io/name: tickets}",
     "drained all the same\n  selector:\n    matchLabels: {app.kubernetes.io/name: ticket}",
     "PodDisruptionBudget tickets selects no pods"),
    (BASE, TICKETS, "kind: Deployment, name: tickets}", "kind: Deployment, name: ticket}",
     "Deployment ticket, which isn't there"),
    (BASE, SERVICE, "- topologyKey: kubernetes.io/hostname", "- topologyKey: kubernetes.io/arch",
     "not spread over zones and hosts"),
    (BASE, SERVICE, "matchLabelKeys: [app.kubernetes.io/name, pod-template-hash]",
     "matchLabelKeys: [pod-template-hash]",
     "spread by labels that are not those of its own pods"),
    (BASE, TICKETS, "  clusterIP: None # so that callers see every replica, and share their calls out among them\n", "",
     "tickets has no headless Service"),
    (BASE, TICKETS, ", appProtocol: kubernetes.io/h2c", "", "Service tickets has no port grpc that speaks h2c"),
    # ports
    (BASE, TICKETS, "targetPort: grpc,", "targetPort: http,", "its pods have no port called http"),
    (BASE, TICKETS, "port: 7402, targetPort", "port: 80, targetPort", "port 80 of a headless Service is 7402"),
    (SINGLE, "components/wall/ingress.yaml", "port: {name: wall}", "port: {name: http}", "leads to reporting:http"),
    ("components/gateway", "components/gateway/routes.yaml", "port: 7402", "port: 7409", "leads to tickets:7409"),
    ("components/prometheus-operator", "components/prometheus-operator/pod-monitor.yaml", "port: metrics", "port: http",
     "organization has no port http"),
    ("components/prometheus-operator", "components/prometheus-operator/pod-monitor.yaml", "component: service",
     "component: server",
     "PodMonitor wangge selects no pods"),
    # network policies
    (BASE, POLICIES, "  podSelector: {}\n", "  podSelector:\n    matchLabels: {app.kubernetes.io/part-of: wangge}\n",
     "nothing refuses what no policy allows"),
    (BASE, POLICIES, "  podSelector:\n    matchLabels: {app.kubernetes.io/component: service}",
     "  podSelector:\n    matchLabels: {app.kubernetes.io/component: server}", "every-service is for no pods"),
    (BASE, POLICIES, "values: [tickets, volunteers, reporting]", "values: [ticket]",
     "organization: ingress with no pods"),
    (BASE, POLICIES, "values: [tickets, volunteers, reporting]", "values: [tickets, reporting]",
     "organization doesn't let volunteers in on 7401/TCP"),
    (BASE, POLICIES, "values: [tickets, reporting]", "values: [tickets, reporting, organization]",
     "volunteers lets organization in on 7403/TCP, and has no reason to"),
    (BASE, POLICIES, "port: 7402", "port: 7401", "reporting can't send to tickets:7402/TCP"),
    (BASE, POLICIES, "port: 5432", "port: 5433", "tickets can't send to wangge.postgres:5432/TCP"),
    (BASE, POLICIES, "port: 4317", "port: 4318", "tickets may send to wangge.collector:4318/TCP"),
    (BASE, POLICIES, "port: metrics", "port: metric", "tickets has no port metric"),
    (BASE, POLICIES, 'wangge.caller: "true"', 'wangge.friend: "true"', "tickets lets wangge.friend in on 7402/TCP"),
    (BASE, POLICIES, "matchLabels: {k8s-app: kube-dns}", "matchLabels: {k8s-app: dns}",
     "can't send to kube-system:53/UDP"),
    (BASE, POLICIES,
     "    - to: # traces\n        - namespaceSelector:\n"
     "            matchLabels: {wangge.collector: \"true\"}\n      ports:",
     "    - ports:", "tickets may send to anybody:4317/TCP"),
    (BASE, POLICIES, "  policyTypes: [Egress]\n  egress:\n    - to: # names",
     "  policyTypes: [Ingress]\n  egress:\n    - to: # names",
     "has egress and doesn't say so"),
    # probes
    (BASE, TICKETS, "readinessProbe: {grpc: {port: 7402}}", "readinessProbe: {grpc: {port: 7403}}",
     "readinessProbe asks port 7403"),
    (BASE, TICKETS, "livenessProbe: {grpc: {port: 7402, service: liveness}}", "livenessProbe: {grpc: {port: 7402}}",
     "livenessProbe asks for ''"),
    (BASE, TICKETS, "startupProbe: {grpc: {port: 7402, service: liveness}}", "startupProbe: {tcpSocket: {port: 7402}}",
     "has no startupProbe over gRPC"),
    # settings
    (BASE, TICKETS, "WANGGE_VOLUNTEERS_URL", "WANGGE_VOLUNTEER_URL", "no setting is called WANGGE_VOLUNTEER_URL"),
    (BASE, "base/configuration.env", "WANGGE_AUDIENCE", "WANGGE_AUDIENCES", "no setting is called WANGGE_AUDIENCES"),
    (BASE, TICKETS, "key: WANGGE_TICKETS_DATABASE_URL", "key: WANGGE_TICKET_DATABASE_URL",
     "comes from where nothing is"),
    (BASE, TICKETS, "http://organization:7401", "http://organization:7400",
     "http://organization:7400, which isn't there"),
    (BASE, "base/configuration.env", "0.0.0.0:9464", "0.0.0.0:9465", "WANGGE_METRICS_LISTEN is port 9465"),
    (SINGLE, "overlays/single/kustomization.yaml", "      - WANGGE_WALL_AREAS=320402003005\n", "",
     "serves a wall and no areas"),
    (BASE, "base/configuration.env", "WANGGE_ENVIRONMENT=production", "WANGGE_ENVIRONMENT=development",
     "would take development keys"),
    (BASE, "base/configuration.env", "WANGGE_AUDIENCE=wangge\n", "", "tickets lacks WANGGE_AUDIENCE"),
    # secrets
    (BASE, TICKETS, "{key: service_token, path: service_token}", "{key: service-token, path: service_token}",
     "no key service-token"),
    (BASE, TICKETS, "secretName: wangge-secrets", "secretName: secrets", "is not some of wangge-secrets"),
    (BASE, TICKETS, "defaultMode: 0440", "defaultMode: 0444", "not for its group alone"),
    (BASE, TICKETS, "value: /run/secrets/wangge/service_token", "value: /run/secrets/service_token",
     "which isn't mounted"),
    (BASE, "base/organization.yaml", "{key: jwks.json, path: jwks.json}",
     "{key: jwks.json, path: jwks.json}\n              - {key: service_token, path: service_token}",
     "and doesn't read it"),
    (BASE, "base/databases.env", "postgres://tickets@", "postgres://tickets:word@",
     "WANGGE_TICKETS_DATABASE_URL has a secret in it"),
    (BASE, TICKETS, "name: WANGGE_DATABASE_PASSWORD_FILE, value: /run/secrets/wangge/tickets_database_password",
     "name: WANGGE_DATABASE_PASSWORD, value: word", "WANGGE_DATABASE_PASSWORD is a secret in the environment"),
    (BASE, TICKETS, "valueFrom: {configMapKeyRef: {name: wangge-databases, key: WANGGE_TICKETS_DATABASE_URL}}",
     "valueFrom: {secretKeyRef: {name: wangge-secrets, key: url}}",
     "WANGGE_DATABASE_URL is a secret in the environment"),
    (BASE, SERVICE, "- configMapRef: {name: wangge}", "- secretRef: {name: wangge-secrets}",
     "a Secret is in the environment"),
    (BASE, "base/namespace.yaml", "apiVersion: v1\n",
     "apiVersion: v1\nkind: Secret\nmetadata: {name: wangge-secrets}\n"
     "stringData: {service_token: word}\n---\napiVersion: v1\n",
     "Secret wangge-secrets stands in the files"),
    # images
    (BASE, "base/kustomization.yaml", "  - {name: wangge/tickets, newTag: 0.1.0}\n", "", "wangge/tickets has no tag"),
    (BASE, "base/kustomization.yaml", "{name: wangge/tickets, newTag: 0.1.0}",
     "{name: wangge/tickets, newTag: latest}", "whatever is latest"),
    (BASE, "base/kustomization.yaml", "{name: wangge/tickets, newTag: 0.1.0}", "{name: wangge/tickets, newTag: 0.2.0}",
     "versions are mixed"),
    (CITY, "overlays/city/kustomization.yaml", "&version 0.1.0", "&version 0.2.0", "Job migrate-0-1-0 runs 0.2.0"),
    (BASE, "base/migrate.yaml", "restartPolicy: Never", "restartPolicy: Always", "restarts for ever"),
    (BASE, "base/migrate.yaml", "args: [migrate]", "args: [doctor]", "there is not one job that migrates"),
    (BASE, "base/kustomization.yaml", "  - migrate.yaml\n", "", "there is not one job that migrates"),
    # rights
    (BASE, POD, "runAsUser: 10001", "runAsUser: 0", "tickets doesn't run as 10001"),
    (BASE, POD, "runAsNonRoot: true", "runAsNonRoot: false", "tickets doesn't run as 10001"),
    (BASE, POD, "seccompProfile: {type: RuntimeDefault}", "seccompProfile: {type: Unconfined}",
     "has no seccomp profile"),
    (BASE, POD, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "may gain privileges"),
    (BASE, POD, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "may write to its root"),
    (BASE, POD, "drop: [ALL]", "drop: [NET_RAW]", "has capabilities"),
    (BASE, POD, "automountServiceAccountToken: false", "automountServiceAccountToken: true", "is given a token"),
    (BASE, POD, "enableServiceLinks: false", "enableServiceLinks: true", "is told of services"),
    (BASE, TICKETS, "serviceAccountName: tickets", "serviceAccountName: default", "has no account of its own"),
    # coming and going
    (BASE, SERVICE, 'limits: {cpu: "2", memory: 512Mi}', "limits: {memory: 512Mi}", "has no limits of cpu and memory"),
    (BASE, SERVICE, "sleep: {seconds: 15}", "sleep: {seconds: 20}", "is killed before it has drained"),
    (BASE, SERVICE, "preStop:", "postStart:", "doesn't wait for its address to leave DNS"),
    (BASE, SERVICE, "minReadySeconds: 25", "minReadySeconds: 5", "has several replicas ending at a time"),
    (BASE, SERVICE, "maxUnavailable: 0", "maxUnavailable: 1", "takes a replica down before the next is up"),
    (BASE, TICKETS, "spec:\n  selector:\n    matchLabels: {app.kubernetes.io/name: tickets}\n  template",
     "spec:\n  replicas: 2\n  selector:\n    matchLabels: {app.kubernetes.io/name: tickets}\n  template",
     "set by both or neither"),
    (BASE, TICKETS, "maxUnavailable: 1", "maxUnavailable: 0", "its budget blocks a drain"),
    (BASE, TICKETS, "AlwaysAllow", "IfHealthyBudget", "blocks a drain while the database is away"),
    (BASE, "base/every-scaling.yaml", "minReplicas: 2", "minReplicas: 1", "is scaled down to one replica"),
    (SINGLE, "overlays/single/kustomization.yaml", "HorizontalPodAutoscaler|PodDisruptionBudget",
     "HorizontalPodAutoscaler",
     "has 1 disruption budgets"),
]


def make_each(deployment, complaints):
    """Yields each fault by name, with what is wrong if the check doesn't find it."""
    for target, file, text, instead, expected in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "kubernetes"
            shutil.copytree(deployment, copy)
            if broken(copy / file, text, instead):
                found = list(complaints(copy, target))
                missed = [] if any(expected in each for each in found) else [f"not found; found {found}"]
            else:
                missed = [f"there is no {text!r} to break"]
            yield f"fault in {file}: {expected}", missed


def broken(file, text, instead):
    content = file.read_text()
    file.write_text(content.replace(text, instead, 1))
    return text in content
