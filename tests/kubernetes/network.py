"""What the network policies let through, against what the settings say is needed."""

from urllib.parse import urlsplit

from rendered import label, matches

# How other namespaces are named: which label, and which of our ports they call or which port of theirs is called.
CALLERS = {"wangge.caller": "grpc", "wangge.prometheus": "metrics", "wangge.ingress": "wall"}
POSTGRES, COLLECTOR, DNS = "wangge.postgres", "wangge.collector", "kube-system"
COLLECTOR_PORT = 4317


def policies_match(rendered, known):
    policies = rendered.of("NetworkPolicy")
    if {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} not in [policy["spec"] for policy in policies]:
        yield "nothing refuses what no policy allows"
    for policy in policies:
        spec = policy["spec"]
        pods = rendered.selected(spec["podSelector"])
        if not pods:
            yield f"{label(policy)} is for no pods"
        for direction, peers in ("ingress", "from"), ("egress", "to"):
            if direction in spec and direction.capitalize() not in spec["policyTypes"]:
                yield f"{label(policy)} has {direction} and doesn't say so in its types"
            for rule in spec.get(direction, []):
                for peer in rule.get(peers, []):
                    if "namespaceSelector" not in peer and not rendered.selected(peer.get("podSelector", {})):
                        yield f"{label(policy)}: {direction} with no pods"
        for rule in spec.get("ingress", []):
            for port in rule.get("ports", []):
                for pod in pods:
                    if port["port"] not in [*pod.ports, *pod.ports.values()]:
                        yield f"{label(policy)}: {pod.name} has no port {port['port']}"


def the_flows_are_those_there_are(rendered, known):
    needed_out, needed_in = needed(rendered)
    allowed_out, allowed_in = allowed(rendered)
    for pod, peer, port in sorted(needed_out - allowed_out):
        yield f"{pod} can't send to {peer}:{port}"
    for pod, peer, port in sorted(allowed_out - needed_out):
        yield f"{pod} may send to {peer}:{port}, and has no reason to"
    for pod, peer, port in sorted(needed_in - allowed_in):
        yield f"{pod} doesn't let {peer} in on {port}"
    for pod, peer, port in sorted(allowed_in - needed_in):
        yield f"{pod} lets {peer} in on {port}, and has no reason to"


def needed(rendered):
    """What the settings speak of: (pod, peer, port) going out and coming in."""
    out, into = set(), set()
    for pod in rendered.pods:
        out |= {(pod.name, DNS, "53/UDP"), (pod.name, DNS, "53/TCP")}
        if pod.workload["kind"] == "Deployment":
            out.add((pod.name, COLLECTOR, f"{COLLECTOR_PORT}/TCP"))  # whether an overlay names one or not
        for caller, port in CALLERS.items():
            if port in pod.ports:
                into.add((pod.name, caller, f"{pod.ports[port]}/TCP"))
        for name, value in rendered.environment(pod).items():
            url = urlsplit(value or "")
            if name.endswith("DATABASE_URL"):
                out.add((pod.name, POSTGRES, f"{url.port or 5432}/TCP"))
            elif name == "OTEL_EXPORTER_OTLP_ENDPOINT":
                out.add((pod.name, COLLECTOR, f"{url.port}/TCP"))
            elif name.endswith("_URL"):
                out.add((pod.name, url.hostname, f"{url.port}/TCP"))
                into.add((url.hostname, pod.name, f"{url.port}/TCP"))
    return out, into


def allowed(rendered):
    out, into = set(), set()
    for policy in rendered.of("NetworkPolicy"):
        for pod in rendered.selected(policy["spec"]["podSelector"]):
            for rule in policy["spec"].get("egress", []):
                for peer in peers(rendered, rule, "to"):
                    out |= {(pod.name, peer, port) for port in ports(rule, {})}
            for rule in policy["spec"].get("ingress", []):
                for peer in peers(rendered, rule, "from"):
                    into |= {(pod.name, peer, port) for port in ports(rule, pod.ports)}
    return out, into


def peers(rendered, rule, key):
    for peer in rule.get(key) or [None]:
        if peer is None or "ipBlock" in peer:
            yield "anybody" if peer is None else peer["ipBlock"]["cidr"]
        elif "namespaceSelector" in peer:
            yield namespace(peer)
        else:
            yield from (pod.name for pod in rendered.pods if matches(peer["podSelector"], pod.labels))


def namespace(peer):
    match peer:
        case {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }:
            return DNS
        case {"namespaceSelector": {"matchLabels": labels}, **rest} if not rest and list(labels.values()) == ["true"]:
            return next(iter(labels))
        case _:
            return str(peer)


def ports(rule, named):
    """Ports as number and protocol; those of pods may be given by name."""
    for port in rule.get("ports", [{"port": "any"}]):
        yield f"{named.get(port['port'], port['port'])}/{port.get('protocol', 'TCP')}"
