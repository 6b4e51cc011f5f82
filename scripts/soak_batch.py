"""For `scripts/soak batch`: a batch of many clips, two of them broken, killed on its way and taken up again.

    soak_batch.py MELKGLAS COUNT case|folder

`case` renders the clips of an insurer's case for release, each looked at twice and kept encrypted; `folder` redacts a
folder of clips. Fails where memory grows, where a finished clip is done again, or where a broken one is not named.
"""

import datetime
import getpass
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples/courtyard.mp4"
CAMERA = str(ROOT / "pipelines/cameras/courtyard.toml")
# Frames of each clip: it is the number of clips that counts here.
FRAMES = 12
GROWTH = 1.15
# A process this small varies by more than a share of itself.
SLACK_KIB = 4096


def short_clip() -> bytes:
    """A little of the sample, as a clip of its own."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        words = f"filesrc location={SAMPLE} ! qtdemux ! h264parse ! avdec_h264 ! identity eos-after={FRAMES + 1}"
        words += f" ! x264enc bframes=0 ! h264parse ! mp4mux ! filesink location={file.name}"
        subprocess.run(["gst-launch-1.0", "--quiet", *words.split()], check=True, stdout=subprocess.DEVNULL)
        return Path(file.name).read_bytes()


def clips(count: int) -> dict[str, bytes]:
    """So many clips by their names, two of them broken, not the first and not the last."""
    good = short_clip()
    made = {f"clip-{number:04}.mp4": good for number in range(count)}
    names = sorted(made)
    made[names[count // 3]] = good[: len(good) // 3]
    made[names[count // 2]] = b"no clip at all\n" * 100
    return made


def broken(count: int) -> list[int]:
    """The numbers of the broken ones, from 1."""
    return [count // 3 + 1, count // 2 + 1]


def resident(pid: int) -> int:
    """Memory of a process, KiB; 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


class Case:
    """The clips of a case."""

    def __init__(self, melkglas: str, folder: Path, count: int) -> None:
        self.melkglas, self.folder, self.count = melkglas, folder, count
        os.environ |= {"MELKGLAS_SITE": str(folder / "site.toml"), "MELKGLAS_STATE": str(folder / "state")}
        self.run("case", "make-key", str(folder / "site.key"))
        (folder / "site.toml").write_text(
            f'policy = "woongroen"\nschema = 1\n[cases]\nfolder = "{folder}/cases"\nkey_file = "{folder}/site.key"\n'
            f'[[user]]\naccount = "{getpass.getuser()}"\nname = "B. Visser"\nroles = ["privacy-officer"]\n'
            "secrecy_signed = 2026-01-12\n"
        )
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        window = [f"{today}T10:00:00", f"{today}T10:00:02"]
        motive = ["--cause", "insurance matter", "--purpose", "detection and prosecution of offences"]
        said = "organisation: Zeker Verzekerd\nname: J. de Boer\nreasons: schade\n"
        opened = ["--received", today, "--from", window[0], "--to", window[1], *motive]
        self.number = self.run("case", "open", "insurer", *opened, says=said).strip()
        times = ["--camera", "courtyard", "--recorded-from", window[0], "--recorded-to", window[1]]
        for name, content in sorted(clips(count).items()):
            clip = folder / name
            clip.write_bytes(content)
            self.run("case", "add-clip", self.number, str(clip), *times)
            clip.unlink()
        self.run("case", "identify", self.number, says="how: dienstpas\n")
        self.run("case", "decide", self.number, "--grant", says="weighing: gewogen\n")
        self.command = [melkglas, "batch", self.number, "--to", "insurer", "--json", "--", "--camera", CAMERA]

    def run(self, *words: str, says: str = "") -> str:
        done = subprocess.run([self.melkglas, *words], input=says, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"soak: {' '.join(words)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def done(self) -> dict[str, object]:
        """The clips that are finished, with what changes where one is done again: how often it was begun."""
        begun = re.findall(r"  draft clip (\d+) by", self.run("case", "show", self.number))
        return {clip: begun.count(clip) for clip in set(begun)}

    def faults(self, kept: list[str], before: dict[str, object]) -> list[str]:
        after = self.done()
        return [f"clip {clip} was done again" for clip in kept if after[clip] != 1]

    def named(self, number: int) -> str:
        return str(number)

    def left(self) -> list[str]:
        """What of the broken ones may leave: nothing that was rendered."""
        said = "watched: no\n"
        watch = [self.melkglas, "case", "release", "watch", self.number]
        laid = subprocess.run(watch, input=said, capture_output=True, text=True, check=False).stderr
        return [f"clip {n} can leave" for n in broken(self.count) if f"clip {n} lies at" in laid]


class Folder:
    """The clips of a folder."""

    def __init__(self, melkglas: str, folder: Path, count: int) -> None:
        source, self.out, self.count = folder / "in", folder / "out", count
        source.mkdir()
        for name, content in clips(count).items():
            (source / name).write_bytes(content)
        self.command = [melkglas, "batch", "--clips", str(source), "--out-dir", str(self.out), "--json"]
        self.command += ["--", "--camera", CAMERA]

    def done(self) -> dict[str, object]:
        """Reports that are there, with the time they were written."""
        found = self.out.glob("*.report.json")
        return {report.name.replace(".report.json", ".mp4"): report.stat().st_mtime_ns for report in found}

    def faults(self, kept: list[str], before: dict[str, object]) -> list[str]:
        after = self.done()
        return [f"{name} was done again" for name, when in before.items() if after.get(name) != when]

    def named(self, number: int) -> str:
        return f"clip-{number - 1:04}.mp4"

    def left(self) -> list[str]:
        names = [self.named(number).replace(".mp4", "") for number in broken(self.count)]
        return [f"something of {name} is left" for name in names if list(self.out.glob(f"{name}.re*"))]


class Run:
    """One run, and what it and its children held while it ran."""

    def __init__(self, command: list[str]) -> None:
        self.seen: list[tuple[int, int]] = []
        self.ended = 0
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
        self.words = ""
        for work in (self.listen, self.read):
            threading.Thread(target=work, daemon=True).start()

    def listen(self) -> None:
        for line in self.process.stderr:
            self.ended += bool(re.match(r"clip \d+ of \d+$|clip-\d+\.mp4: ", line))

    def read(self) -> None:
        self.words = self.process.stdout.read()

    def wait(self, until: int) -> None:
        """Waits until so many clips have ended, or it has."""
        while self.process.poll() is None and self.ended < until:
            held = max((resident(child) for child in children(self.process.pid)), default=0)
            self.seen.append((resident(self.process.pid), held))
            time.sleep(0.1)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def grew(self, which: int, slack: int) -> str | None:
        """Whether the last quarter of the run held more than its first quarter."""
        held = [row[which] for row in self.seen if row[which]]
        quarter = max(len(held) // 4, 1)
        first, last = max(held[:quarter]), max(held[-quarter:])
        print(f"{['the batch itself', 'its clips'][which]}: {first} KiB at most at first, {last} KiB at the end")
        return f"memory grows: {first} to {last} KiB" if last > GROWTH * first + slack else None


def main() -> None:
    melkglas, count, what = str(Path(sys.argv[1]).resolve()), int(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="melkglas-soak.") as folder:
        kind = {"case": Case, "folder": Folder}[what]
        work = kind(melkglas, Path(folder), count)
        first = Run(work.command)
        first.wait(count * 2 // 5)
        first.kill()
        before = work.done()
        started = time.monotonic()
        second = Run(work.command)
        second.wait(count + 1)
        second.process.wait()
        took = time.monotonic() - started
        time.sleep(0.5)
        faults = [] if second.process.returncode == 7 else [f"ended with {second.process.returncode}, 7 was due"]
        summary = json.loads(second.words)
        counts, rows = summary["counts"], summary["clips"]
        kept = [row["clip"] for row in rows if row["state"] == "kept"]
        print(f"{count} clips of a {what}: {first.ended} ended when it was killed; then {counts} in {took:.0f} s")
        faults += work.faults(kept, before)
        # Up to two were under way, and one or two of those that ended are broken.
        if len(kept) < first.ended - 2:
            faults.append(f"{len(kept)} were kept of {first.ended}")
        failed = [row["clip"] for row in rows if row["state"] == "failed"]
        if failed != [work.named(number) for number in broken(count)] or len(rows) != count:
            faults.append(f"the broken ones are not those that are named: {failed}")
        faults += work.left()
        faults += [fault for fault in (second.grew(0, SLACK_KIB), second.grew(1, 0)) if fault]
        if faults:
            sys.exit("soak: " + "; ".join(faults))


if __name__ == "__main__":
    main()
