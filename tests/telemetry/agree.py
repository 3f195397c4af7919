"""Whether alerts, their tests, runbooks, dashboards, the list of metrics and the contracts agree.

agree.py CHECK prints what is wrong and fails if anything is; agree.py expressions prints every
expression of dashboards and runbooks as a file of rules, for promtool to parse.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TELEMETRY = ROOT / "deploy/telemetry"
RUNBOOKS = ROOT / "deploy/runbooks"
SEVERITIES = {"page", "ticket"}
AUDIENCES = {"operator", "community"}
SECTIONS = [
    "What it means",
    "How bad, how soon",
    "How to look",
    "How to mend",
    "How to know that it is mended",
    "What not to do",
]


def read_yaml(path):
    return yaml.safe_load(path.read_text())


def rules():
    groups = read_yaml(TELEMETRY / "alerts.yaml")["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded():
    return {rule["record"] for rule in rules() if "record" in rule}


def kebab(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def pages():
    return {path: path.read_text() for path in RUNBOOKS.glob("*.md")}


def dashboards():
    return {path: json.loads(path.read_text()) for path in (TELEMETRY / "grafana/dashboards").glob("*.json")}


def asked(text):
    """The PromQL that a runbook asks for."""
    return re.findall(r"\bask '([^']*)'", text)


def statements(text):
    """The SQL that a runbook runs, with the service whose database it is."""
    found = re.findall(r"""\bdb (\w+) (?:"([^"]*)"|'([^']*)')""", text)
    return [(service, double or single) for service, double, single in found]


def expressions():
    """Every expression, with where it stands."""
    for rule in rules():
        yield f"alerts.yaml: {rule.get('alert') or rule['record']}", rule["expr"]
    for path, board in dashboards().items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", target["expr"]
    for path, text in pages().items():
        for query in asked(text):
            yield path.name, query


def plain(expression):
    """An expression with Grafana's variables put in."""
    return expression.replace("$__rate_interval", "5m").replace("$service", ".+")


def metrics_in(expression):
    """The metrics that an expression names."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', plain(expression))
    text = re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    names = re.findall(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])", text)
    return set(names) - {"and", "or", "unless", "offset", "bool"}


def listed():
    """The names in the first column of metrics.md."""
    return re.findall(r"^\| `([^`]+)` \| (?:counter|gauge|histogram)", (TELEMETRY / "metrics.md").read_text(), re.M)


def is_listed(name, known):
    return name in known or re.sub(r"_(bucket|sum|count)$", "", name) in known


def check_labels():
    for name, rule in alerts().items():
        labels, annotations = rule["labels"], rule["annotations"]
        if labels.get("severity") not in SEVERITIES:
            yield f"{name}: severity is none of {sorted(SEVERITIES)}"
        if labels.get("audience") not in AUDIENCES:
            yield f"{name}: audience is none of {sorted(AUDIENCES)}"
        for text in ("summary", "description"):
            if not annotations.get(text):
                yield f"{name}: no {text}"
        if annotations.get("runbook") != f"deploy/runbooks/{kebab(name)}.md":
            yield f"{name}: its runbook is not deploy/runbooks/{kebab(name)}.md"


def check_tests():
    """Every alert is seen firing, and seen quiet, and no test names another."""
    fires, quiet = set(), set()
    for case in read_yaml(ROOT / "tests/telemetry/alerts.test.yaml")["tests"]:
        for test in case["alert_rule_test"]:
            (fires if test.get("exp_alerts") else quiet).add(test["alertname"])
    for name in alerts():
        if name not in fires:
            yield f"{name}: no test sees it fire"
        if name not in quiet:
            yield f"{name}: no test sees it keep quiet"
    for name in (fires | quiet) - set(alerts()):
        yield f"{name}: tested, and there is no such alert"


def check_runbooks():
    known = {f"{kebab(name)}.md": (name, rule) for name, rule in alerts().items()}
    texts = {path.name: text for path, text in pages().items()}
    index = texts.pop("README.md")
    for page in known.keys() - texts.keys():
        yield f"{page} is missing"
    for page in texts.keys() - known.keys():
        yield f"{page} belongs to no alert"
    for page in known.keys() & texts.keys():
        name, rule = known[page]
        text, labels = texts[page], rule["labels"]
        if not text.startswith(f"# {name}\n"):
            yield f"{page}: its heading is not {name}"
        opening = re.sub(r"\W+", " ", text.split("##")[0])
        if f"Severity {labels['severity']} Audience {labels['audience']} " not in opening:
            yield f"{page}: its severity or audience is not the alert's"
        for section in SECTIONS:
            if not re.search(rf"^## {re.escape(section)}", text, re.M):
                yield f"{page}: no section {section!r}"
        if len(text.splitlines()) > 70:
            yield f"{page}: longer than a page"
        row = f"| [{name}]({page}) | {labels['severity']} | {labels['audience']} |"
        if row not in index:
            yield f"README.md: no row that begins {row}"
    for path in [*pages(), TELEMETRY / "metrics.md"]:
        for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if not (path.parent / link).exists():
                yield f"{path.name}: {link} does not exist"


def check_commands():
    """The words that runbooks use are those of commands.sh, for every deployment."""
    source = (RUNBOOKS / "commands.sh").read_text()
    compose, kubernetes = source.split("    kubernetes)\n")
    for path, text in pages().items():
        blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.M | re.S)
        words = {line.split()[0] for block in blocks for line in block.splitlines() if line.strip()}
        for word in words - {"date"}:
            for name, part in (("compose", compose), ("kubernetes", kubernetes)):
                if f" {word}() " not in part:
                    yield f"{path.name}: {word} is no command for {name}"


def check_metrics():
    known = listed()
    for name, count in Counter(known).items():
        if count > 1:
            yield f"metrics.md: {name} stands there {count} times"
    for place, expression in expressions():
        for name in metrics_in(expression):
            if not is_listed(name, known):
                yield f"{place}: {name} is not in metrics.md"
    for path, text in pages().items():
        for name in re.findall(r"`((?:service\w*:)?(?:wangge|rpc_server|db_client)_[\w:]+)`", text):
            if not is_listed(name, known):
                yield f"{path.name}: {name} is not in metrics.md"
    for name in recorded() ^ {name for name in known if ":" in name}:
        yield f"{name}: in only one of alerts.yaml and metrics.md"


def check_methods():
    """Every method that an expression or a runbook names is in the contracts."""
    methods = set()
    for path in (ROOT / "proto").rglob("*.proto"):
        package, service = None, None
        for line in path.read_text().splitlines():
            if found := re.match(r"package ([\w.]+);", line):
                package = found[1]
            elif found := re.match(r"service (\w+)", line):
                service = found[1]
            elif found := re.match(r"  rpc (\w+)\(", line):
                methods.add(f"{package}.{service}/{found[1]}")
    seen = 0
    for place, expression in expressions():
        for pattern in re.findall(r'rpc_method!?=~?"([^"]*)"', expression):
            prefix, names = pattern.split("/")
            for name in names.strip("()").split("|"):
                seen += 1
                if not any(re.fullmatch(f"{prefix}/{name}", method) for method in methods):
                    yield f"{place}: no method {prefix}/{name}"
    if not seen:
        yield "no expression names a method"
    for path, text in pages().items():
        for name in re.findall(r"`(\w+Service/\w+)`", text):
            if not any(method.endswith(f".{name}") for method in methods):
                yield f"{path.name}: no method {name}"


def check_tables():
    """Every table that a runbook asks for is made by a migration of that service."""
    shared = "".join(path.read_text() for path in (ROOT / "shared/pg/migrations").glob("*.sql"))
    seen = 0
    for path, text in pages().items():
        for service, statement in statements(text):
            own = "".join(file.read_text() for file in (ROOT / f"services/{service}/migrations").glob("*.sql"))
            tables = set(re.findall(r"\b(?:from|join|update|into|truncate) ((?:\w+, )*\w+)", statement))
            for table in {name for group in tables for name in group.split(", ")}:
                seen += 1
                made = re.search(rf"create table {table} \(", shared + own)
                if not made and not table.startswith("pg_") and table != "_sqlx_migrations":
                    yield f"{path.name}: {service} has no table {table}"
    if not seen:
        yield "no runbook asks for a table"


def overlap(one, other):
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def check_dashboards():
    sources = read_yaml(TELEMETRY / "grafana/provisioning/datasources/wangge.yaml")["datasources"]
    uids = {source["uid"] for source in sources}
    boards = dashboards()
    for key in ("uid", "title"):
        for value, count in Counter(board[key] for board in boards.values()).items():
            if count > 1:
                yield f"{count} dashboards have the {key} {value}"
    for path, board in boards.items():
        panels = board["panels"]
        variables = {variable["name"] for variable in board["templating"]["list"]}
        if not board.get("description"):
            yield f"{path.name}: no description"
        for number, count in Counter(panel["id"] for panel in panels).items():
            if count > 1:
                yield f"{path.name}: {count} panels have the id {number}"
        for place, panel in enumerate(panels):
            name, defaults = f"{path.name}: {panel['title']}", panel["fieldConfig"]["defaults"]
            if not panel.get("description"):
                yield f"{name}: no description"
            if not defaults.get("unit"):
                yield f"{name}: no unit"
            if not defaults.get("thresholds", {}).get("steps"):
                yield f"{name}: no thresholds"
            if panel["datasource"]["uid"] not in uids:
                yield f"{name}: its data source is not provisioned"
            if not panel["targets"]:
                yield f"{name}: it asks for nothing"
            for ref, count in Counter(target["refId"] for target in panel["targets"]).items():
                if count > 1:
                    yield f"{name}: {count} targets are called {ref}"
            for target in panel["targets"]:
                for used in re.findall(r"\$(?!__)(\w+)", target["expr"]):
                    if used not in variables:
                        yield f"{name}: no variable {used}"
            grid = panel["gridPos"]
            if grid["x"] + grid["w"] > 24:
                yield f"{name}: beyond the right edge"
            for other in panels[place + 1 :]:
                if overlap(grid, other["gridPos"]):
                    yield f"{name}: lies over {other['title']}"


def check_collector():
    """Whatever a pipeline names is set up, and whatever is set up is named."""
    settings = read_yaml(TELEMETRY / "collector.yaml")
    pipelines = settings["service"]["pipelines"]
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines.values() for name in pipeline[kind]}
        for name in used ^ set(settings[kind]):
            yield f"{kind}: {name} is only set up or only used"
    for name, pipeline in pipelines.items():
        if name != "traces":
            yield f"{name}: only traces pass here"
        if pipeline["processors"][0] != "memory_limiter" or pipeline["processors"][-1] != "batch":
            yield f"{name}: memory_limiter comes first and batch last"


def check_targets():
    """What is scraped is what is expected to be there."""
    settings = read_yaml(TELEMETRY / "prometheus.yaml")
    jobs = {job["job_name"]: job for job in settings["scrape_configs"]}
    scraped = {name for found in jobs["wangge"]["dns_sd_configs"] for name in found["names"]}
    expected = {rule["labels"]["service"] for rule in rules() if rule.get("record") == "service:wangge_expected"}
    for service in scraped ^ expected:
        yield f"{service}: only scraped or only expected"
    for service in scraped:
        if not (ROOT / f"services/{service}").is_dir():
            yield f"{service}: there is no such service"


def print_expressions():
    """Strings of JSON are strings of YAML, so nothing has to be quoted by hand."""
    found = [
        {"record": "parsed", "labels": {"number": str(number)}, "expr": plain(expression)}
        for number, (place, expression) in enumerate(expressions())
    ]
    print(json.dumps({"groups": [{"name": "parsed", "rules": found}]}, indent=1))


def main():
    name = sys.argv[1]
    if name == "expressions":
        print_expressions()
        return 0
    problems = list(globals()[f"check_{name}"]())
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
