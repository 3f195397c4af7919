"""See `check --help`."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from mutants import Change, Data, cells, wholes

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
BINARY = os.environ.get("WANGGE_BIN", str(TARGET / "debug" / "wangge"))
SERVICES = ["organization", "tickets", "volunteers", "reporting"]
# Dry runs of the same rows wait for one another, so each has a platform of its
# own.
PLATFORMS = 2
# Of how many changes of the big data set one is tried, and with --all: each dry
# run reads all of its rows.
BIG_STEP = 150
BIG_STEP_OF_ALL = 40


def environment() -> dict[str, str]:
    kept = os.environ.items()
    return {name: value for name, value in kept if not name.startswith(("WANGGE_", "OTEL_"))}


class Platform:
    """`wangge up` on a database of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        command = [BINARY, "up", "--first-port", "0", "--data-dir", str(folder)]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment()
        )
        self.urls, told = {}, []
        for line in self.process.stderr:
            told.append(line)
            words = line.split()
            if len(words) > 1 and words[0] in SERVICES:
                self.urls.setdefault(words[0], words[1])
            if line.startswith("ready after"):
                break
        else:
            raise SystemExit("wangge up has ended:\n" + "".join(told))
        # Whatever it says now, it must not wait for a reader.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def load(self, folder: Path, dry_run: bool) -> subprocess.CompletedProcess:
        command = [BINARY, "import", str(folder), "--output", "json"]
        command += ["--data-dir", str(self.folder)]
        for service in SERVICES:
            command += [f"--{service}-url", self.urls[service]]
        if dry_run:
            command.append("--dry-run")
        return subprocess.run(command, capture_output=True, text=True, env=environment())

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Check:
    def __init__(self, scratch: Path):
        self.scratch = scratch
        self.faults: list[str] = []
        self.number = 0
        self.lock = threading.Lock()

    def fault(self, text: str) -> None:
        with self.lock:
            self.faults.append(text)
        print(f"FAULT {text}", flush=True)

    def folder(self, data: Data, changes: list[Change]) -> Path:
        with self.lock:
            self.number += 1
            number = self.number
        folder = self.scratch / "folders" / f"{data.name}-{number:04}"
        data.write(folder, changes)
        return folder

    def dry_run(self, platforms: Queue, data: Data, changes: list[Change]) -> bool:
        """Whether a folder passes; what is refused must be told well."""
        folder = self.folder(data, changes)
        platform = platforms.get()
        ended = platform.load(folder, dry_run=True)
        platforms.put(platform)
        if ended.returncode != 0:
            self.judge(folder, ended, changes[0].name())
        return ended.returncode == 0

    def judge(self, folder: Path, ended: subprocess.CompletedProcess, name: str) -> None:
        lines = ended.stdout.splitlines()
        if not lines:
            self.fault(f"{name}: refused without a word: {ended.stderr.strip()}")
        told = set()
        for line in lines:
            problem = json.loads(line)
            where = f"{name}: {line}"
            if line in told:
                self.fault(f"told twice: {where}")
            told.add(line)
            path = folder / problem["file"]
            is_missing = problem["reason"] == "FILE_MISSING"
            if not problem["file"] or not (path.is_file() or is_missing):
                self.fault(f"no file of the folder: {where}")
                continue
            if not problem["description"] or problem["reason"] == "INTERNAL":
                self.fault(f"no reason: {where}")
            if path.suffix != ".csv" or problem["reason"].startswith(("FILE_", "COLUMN_")):
                continue
            if problem["line"] == 0 and path.name != "dataset.csv":
                self.fault(f"no line: {where}")
            text = path.read_bytes().decode("utf-8-sig", errors="replace")
            header = text.splitlines()[0].split(",") if text else []
            if not problem["field"] or not set(problem["field"].split(", ")) <= set(header):
                self.fault(f"no column of the file: {where}")

    def load_whole(self, template: Path, platforms: Queue, data: Data, changes: list[Change]) -> bool:
        """Loads what passes, all changes in one folder if that passes too; returns
        whether all of them loaded. Halves of what doesn't are loaded by themselves,
        so that the change is named that doesn't."""
        if not changes:
            return True
        folder = self.folder(data, changes)
        platform = platforms.get()
        tried = platform.load(folder, dry_run=True)
        platforms.put(platform)
        if tried.returncode != 0:
            if len(changes) == 1:
                self.fault(f"{changes[0].name()}: passed once, and is refused now")
                return False
            middle = len(changes) // 2
            halves = [changes[:middle], changes[middle:]]
            return all([self.load_whole(template, platforms, data, half) for half in halves])
        copy = self.scratch / f"platform-{folder.name}"
        subprocess.run(["cp", "-a", str(template), str(copy)], check=True)
        empty = Platform(copy)
        try:
            ended = empty.load(folder, dry_run=False)
            again = empty.load(folder, dry_run=False)
        finally:
            empty.end()
            shutil.rmtree(copy, ignore_errors=True)
        if ended.returncode == 0 and again.returncode == 0:
            print(f"loaded whole: {len(changes)} changes of {data.name}", flush=True)
            return True
        if len(changes) > 1:
            middle = len(changes) // 2
            halves = [
                self.load_whole(template, platforms, data, changes[:middle]),
                self.load_whole(template, platforms, data, changes[middle:]),
            ]
            if not all(halves):
                return False
        said = (ended.stdout + ended.stderr + again.stdout + again.stderr).strip()
        names = "; ".join(change.name() for change in changes)
        self.fault(f"passed the dry run and didn't load: {names}: {said[:2000]}")
        return False


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="wangge-folders-"))
    # PostgreSQL's own account must reach it.
    scratch.chmod(0o755)
    check = Check(scratch)
    template = scratch / "template"
    Platform(template).end()
    platforms: Queue[Platform] = Queue()
    made = 0
    try:
        for number in range(PLATFORMS):
            copy = scratch / f"platform-{number}"
            # With owners: PostgreSQL doesn't run as root.
            subprocess.run(["cp", "-a", str(template), str(copy)], check=True)
            platforms.put(Platform(copy))
        for name in ["linhe", "fuqiang"]:
            data = Data.read(REPOSITORY / "tests/data" / name)
            changes = [*cells(data), *wholes(data)]
            if name == "fuqiang" and not options.only:
                changes = changes[:: BIG_STEP_OF_ALL if options.all else BIG_STEP]
            changes = [change for change in changes if options.only in change.name()]
            made += len(changes)
            with ThreadPoolExecutor(max_workers=PLATFORMS) as pool:
                passed = list(pool.map(lambda change: check.dry_run(platforms, data, [change]), changes))
            good = [change for change, passes in zip(changes, passed) if passes]
            refused = len(changes) - len(good)
            print(f"{name}: {refused} folders refused, {len(good)} pass the dry run", flush=True)
            for change in good:
                print(f"  passes: {change.name()}", flush=True)
            drops = [change for change in good if change.drops()]
            others = [change for change in good if not change.drops()]
            parts = [others, drops]
            with ThreadPoolExecutor(max_workers=PLATFORMS) as pool:
                load = lambda part: check.load_whole(template, platforms, data, part)
                list(pool.map(load, parts))
    finally:
        while not platforms.empty():
            platforms.get().end()
        if options.keep:
            print(f"kept: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    print(f"{made} folders, {len(check.faults)} faults")
    return 1 if check.faults or not (options.only or made >= 100) else 0


if __name__ == "__main__":
    sys.exit(main())
