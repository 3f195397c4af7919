"""Folders with one change each, made from a data set."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

# What a column can be changed to, by what it holds. Each column gets one of
# these, in turn, so that every kind of change comes up in many files.
DATES = ["", "2024-02-30", "2024-3-1", "2999-01-01", "1900-01-01"]
TIMES = ["", "yesterday", "2999-01-01T00:00:00+08:00", "1999-01-01T00:00:00+08:00"]
NAMES = ["", "no-such-row", "张甲一", "OTHER"]
KEYS = ["", "OTHER", "x" * 65, "a_b"]
CODES = ["", "990", "999999", "OTHER"]
NUMBERS = ["", "-1", "1.5", "99999999999999999999", "0", "+5"]
STEPS = ["", "CUT", "REVERSED", "vanish@2024-01-01T00:00:00+08:00", "DOUBLED"]
TEXTS = ["", "长" * 3000, "a\0b", "CAPITALS", " "]


@dataclass
class Data:
    """A data set: the rows of its tables, header first, and its other files."""

    name: str
    tables: dict[str, list[list[str]]]
    others: dict[str, bytes]

    @classmethod
    def read(cls, folder: Path) -> "Data":
        tables, others = {}, {}
        for path in sorted(folder.iterdir()):
            if path.suffix == ".csv" and not path.name.startswith("expected_"):
                text = path.read_text(encoding="utf-8")
                tables[path.name] = list(csv.reader(io.StringIO(text, newline="")))
            elif path.suffix == ".geojson":
                others[path.name] = path.read_bytes()
        return cls(folder.name, tables, others)

    def write(self, folder: Path, changes: "list[Change]") -> None:
        folder.mkdir(parents=True)
        tables = {name: [list(row) for row in rows] for name, rows in self.tables.items()}
        others = dict(self.others)
        raw: dict[str, "Change"] = {}
        for change in sorted(changes, key=lambda change: change.order()):
            change.apply(tables, others, raw)
        for name, rows in tables.items():
            out = io.StringIO(newline="")
            csv.writer(out, lineterminator="\n").writerows(rows)
            data = out.getvalue().encode()
            (folder / name).write_bytes(raw[name].encode(data) if name in raw else data)
        for name, data in others.items():
            (folder / name).write_bytes(data)


@dataclass
class Change:
    """One change of one file."""

    file: str
    kind: str
    row: int = 0
    column: int = 0
    value: str = ""
    title: str = field(default="")

    def name(self) -> str:
        return f"{self.file} {self.kind} {self.title}".strip()

    def order(self) -> int:
        """Cells first: rows and files are moved and dropped behind them."""
        kinds = ["cell", "geojson", "again", "swap", "unrow", "header", "twice", "extra", "unquoted", "marked", "gbk", "rename", "drop"]
        return kinds.index(self.kind)

    def drops(self) -> bool:
        return self.kind in ("drop", "unrow")

    def apply(self, tables, others, raw) -> None:
        rows = tables.get(self.file)
        if self.kind == "geojson":
            others[self.file] = others[self.file].replace(*self.value)
        elif rows is None and self.kind == "drop":
            others.pop(self.file, None)
        elif rows is None:
            return
        elif self.kind == "cell":
            rows[self.row][self.column] = self.value
        elif self.kind == "again":
            rows.insert(self.row + 1, list(rows[self.row]))
        elif self.kind == "swap":
            rows[1], rows[-1] = rows[-1], rows[1]
        elif self.kind == "unrow":
            del rows[self.row]
        elif self.kind == "header":
            rows[0][self.column] += "s"
        elif self.kind == "twice":
            rows[0][self.column] = rows[0][self.column - 1]
        elif self.kind == "extra":
            for number, row in enumerate(rows):
                row.append("remarks" if number == 0 else "")
        elif self.kind == "rename":
            tables[self.value] = tables.pop(self.file)
        elif self.kind == "drop":
            del tables[self.file]
        else:
            raw[self.file] = self

    def encode(self, data: bytes) -> bytes:
        if self.kind == "unquoted":
            lines = data.split(b"\n")
            lines[1] = b'"' + lines[1]
            return b"\n".join(lines)
        if self.kind == "gbk":
            return data.decode().encode("gb18030")
        return b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")


def cells(data: Data) -> list[Change]:
    """A change of every column of every file."""
    changes = []
    turns: dict[int, int] = {}
    for file, rows in data.tables.items():
        for column, header in enumerate(rows[0]):
            filled = [number for number, row in enumerate(rows) if number and row[column]]
            if not filled:
                continue
            pool = values(file, header, rows[filled[0]][column])
            turn = turns[id(pool)] = turns.get(id(pool), -1) + 1
            row = filled[(turn * 5) % len(filled)]
            old = rows[row][column]
            value = made(pool[turn % len(pool)], old, [rows[number][column] for number in filled])
            if value != old:
                shown = value if len(value) < 30 else f"{value[:10]}…"
                title = f"{header}:{row + 1} {old[:20]!r} -> {shown!r}"
                changes.append(Change(file, "cell", row, column, value, title))
    return changes


def values(file: str, header: str, example: str) -> list[str]:
    if header.endswith("_date"):
        return DATES
    if header.endswith("_time") or header == "time":
        return TIMES
    if header in ("key", "code") and file != "dataset.csv":
        return KEYS
    if header == "area_code":
        return CODES
    if header.endswith(("_key", "_keys", "_code")):
        return NAMES
    if header == "steps":
        return STEPS
    if example.replace(".", "", 1).lstrip("-").isdigit():
        return NUMBERS
    return TEXTS


def made(kind: str, old: str, others: list[str]) -> str:
    steps = old.split(";")
    match kind:
        case "OTHER":
            return next((other for other in others if other != old), old)
        case "CUT":
            return ";".join(steps[:-1])
        case "REVERSED":
            return ";".join(reversed(steps))
        case "DOUBLED":
            return f"{old};{steps[-1]}"
        case "CAPITALS":
            return old.upper()
        case _:
            return kind


def wholes(data: Data) -> list[Change]:
    """Changes of files as a whole, of rows and of columns, in turn."""
    kinds = ["again", "swap", "unrow", "header", "twice", "extra", "unquoted", "marked", "gbk", "rename", "drop"]
    changes = []
    for number, (file, rows) in enumerate(data.tables.items()):
        for kind in (kinds[number % len(kinds)], kinds[(number + 6) % len(kinds)]):
            change = Change(file, kind, row=min(2, len(rows) - 1), column=len(rows[0]) - 1)
            if kind == "rename":
                change.value = file.replace(".csv", "s.csv")
            changes.append(change)
    for old, new in [
        (b'"FeatureCollection"', b'"Features"'),
        (b'"area_code"', b'"code"'),
        (b'"Polygon"', b'"Point"'),
        (b"[[[", b"[[[[["),
        (b"30.40", b"930.40"),
        (b"31.78", b"931.78"),
    ]:
        if old in data.others["boundaries.geojson"]:
            title = f"{old!r} -> {new!r}"
            changes.append(Change("boundaries.geojson", "geojson", value=(old, new), title=title))
    changes.append(Change("boundaries.geojson", "drop"))
    return changes
