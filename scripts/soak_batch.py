"""For `scripts/soak batch`: a batch of many clips, two of them broken, killed on its way and taken up again.

    soak_batch.py MELKGLAS COUNT

Fails where memory grows, where a finished clip is done again, or where a broken one is not named.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = Path("samples/courtyard.mp4")
# Of each clip so many seconds are redacted: it is the number that counts here.
SECONDS = "2"
GROWTH = 1.15
# A process this small varies by more than a share of itself.
SLACK_KIB = 4096


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


class Batch:
    """One run, and what it and its children held while it ran."""

    def __init__(self, command: list[str], out: Path) -> None:
        self.out = out
        self.seen: list[tuple[int, int, int]] = []
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def finished(self) -> dict[str, int]:
        """Reports that are there, with the time they were written."""
        return {report.name: report.stat().st_mtime_ns for report in self.out.glob("*.report.json")}

    def wait(self, until: int) -> None:
        """Waits until so many clips are finished, or it has ended."""
        while self.process.poll() is None and (done := len(self.finished())) < until:
            held = max((resident(child) for child in children(self.process.pid)), default=0)
            self.seen.append((done, resident(self.process.pid), held))
            time.sleep(0.2)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def grew(self, which: int, slack: int) -> str | None:
        """Whether the last quarter of the run held more than its first quarter."""
        held = [row[which] for row in self.seen if row[which]]
        quarter = max(len(held) // 4, 1)
        first, last = max(held[:quarter]), max(held[-quarter:])
        print(f"{['', 'the batch itself', 'its clips'][which]}: {first} KiB at most at first, {last} KiB at the end")
        return f"memory grows: {first} to {last} KiB" if last > GROWTH * first + slack else None


def main() -> None:
    melkglas, count = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="melkglas-soak.") as folder:
        clips, out = Path(folder, "in"), Path(folder, "out")
        clips.mkdir()
        for number in range(count - 2):
            shutil.copy(SAMPLE, clips / f"clip-{number:04}.mp4")
        (clips / "broken-cut.mp4").write_bytes(SAMPLE.read_bytes()[:3000])
        (clips / "broken-text.mp4").write_text("no clip at all\n" * 100)
        command = [melkglas, "batch", "--clips", str(clips), "--out-dir", str(out), "--json", "--"]
        command += ["--camera", "pipelines/cameras/courtyard.toml", "--to", SECONDS]
        first = Batch(command, out)
        first.wait(max(count * 2 // 5, 1))
        first.kill()
        before = first.finished()
        started = time.monotonic()
        second = Batch(command, out)
        second.wait(count)
        words, _ = second.process.communicate()
        took = time.monotonic() - started
        faults = [] if second.process.returncode == 7 else [f"ended with {second.process.returncode}, 7 was due"]
        after = second.finished()
        faults += [f"{name} was done again" for name, when in before.items() if after.get(name) != when]
        summary = json.loads(words)
        counts = summary["counts"]
        print(f"{count} clips: {len(before)} finished when it was killed; then {counts} in {took:.0f} s")
        good = sum(number for word, number in counts.items() if word != "failed")
        if good != count - 2 or counts.get("failed") != 2:
            faults.append(f"{count - 2} good and 2 failed ones were due")
        page = (out / "summary.html").read_text()
        faults += [f"{name} is not named" for name in ("broken-cut.mp4", "broken-text.mp4") if name not in page]
        faults += [f"something of {name} is left" for name in out.glob("broken-*.mp4")]
        faults += [fault for fault in (second.grew(1, SLACK_KIB), second.grew(2, 0)) if fault]
        if faults:
            sys.exit("soak: " + "; ".join(faults))


if __name__ == "__main__":
    main()
