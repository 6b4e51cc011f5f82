"""Redacts footage with ground truth, scores the results from their pixels, writes the tables of docs/quality.md.

Started by scripts/quality, which sees to the program and to numpy.
"""

import argparse
import datetime
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from score import FILL_TOLERANCE, Clip, colour, compare, read_truth, score

PAGE = Path(__file__).resolve().parent.parent / "docs" / "quality.md"
FILL = "00ff00"
EFFORTS = ("fast", "thorough")
# A face is hidden where this share of its box is; a person of a still where this share of its pixels is.
FACE_HIDDEN, PERSON_HIDDEN = 0.9, 0.8


@dataclass
class Bench:
    """The program, and where its results go."""

    program: Path
    work: Path
    failed: list[str] = field(default_factory=list)

    def version(self) -> str:
        return self.run("--version").stdout.strip()

    def run(self, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run([str(self.program), *map(str, arguments)], text=True, stdout=subprocess.PIPE)

    def redact(self, name: str, inputs: list[Path], *flags: object) -> bool:
        """Redacts in green; what fails is named in the table."""
        done = self.run("redact", *inputs, "--no-camera", "--style", "fill", "--fill-colour", FILL, "--force", *flags)
        if done.returncode != 0:
            self.failed.append(name)
        return done.returncode == 0


def clips_of(data: Path) -> list[tuple[Path, Path]]:
    """Every clip with its ground truth."""
    found = []
    for truth in sorted(data.rglob("*.gt.txt")):
        name = truth.name.removesuffix(".gt.txt")
        clips = [truth.with_name(name + end) for end in (".mp4", ".avi", ".mkv")]
        found += [(clip, truth) for clip in clips if clip.is_file()][:1]
    return found


def redacted_clips(bench: Bench, clips: list[tuple[Path, Path]], label: str, *flags: object) -> dict[str, dict]:
    """The figures of every clip, by name."""
    out = bench.work / label
    out.mkdir(parents=True, exist_ok=True)
    scores = {}
    for clip, truth in clips:
        name = clip.stem
        print(f"quality: {label}: {name}", file=sys.stderr)
        target = out / f"{name}.mp4"
        if bench.redact(f"{name} ({label})", [clip], "-o", target, *flags):
            result = Clip(target)
            scores[name] = compare(Clip(clip), result) | score(result, read_truth(truth), colour(FILL), None)
    return scores


def total(scores: dict[str, dict]) -> dict:
    """All clips as one."""
    values = list(scores.values())
    frames = sum(s["frames"] for s in values)
    exposed, ids = (sum(int(s["ids_exposed"].split("/")[i]) for s in values) for i in (0, 1))
    return {
        **{key: sum(s[key] for s in values) for key in ("person_frames", "heads", "bodies")},
        "ids_exposed": f"{exposed}/{ids}",
        "longest_run": max((s["longest_run"] for s in values), default=0),
        "overmask": sum(s["overmask"] * s["frames"] for s in values) / max(1, frames),
    }


def figures(s: dict) -> str:
    heads, bodies = (100 * s[key] / max(1, s["person_frames"]) for key in ("heads", "bodies"))
    return f"{s['ids_exposed']} | {heads:.1f} | {bodies:.1f} | {s['longest_run']} | {100 * s['overmask']:.1f} |"


def clips(bench: Bench, data: Path, _: Path | None) -> list[str]:
    """One row a clip, default settings."""
    found = clips_of(data)
    if not found:
        return []
    scores = redacted_clips(bench, found, "clips")
    lines = [
        "| clip | person-frames | ids exposed | head exposed % | body exposed % | longest run | over-masked % |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(f"| {name} | {s['person_frames']} | {figures(s)}" for name, s in scores.items()),
    ]
    if len(scores) > 1:
        whole = total(scores)
        lines.append(f"| **all** | {whole['person_frames']} | {figures(whole)}")
    wrong = [
        name for name, s in scores.items()
        if s["frames_src"] != s["frames_out"] or not s["same_size"] or s.get("max_time_shift_s", 0) > 0.001
    ]
    if wrong:
        bench.failed += wrong
        lines += ["", "Frames, size or presentation times differ from the source: " + ", ".join(wrong) + "."]
    return lines


def picture(path: Path) -> np.ndarray:
    """A still's pixels, RGB."""
    return next(iter(Clip(path).pictures()))


@dataclass
class Stills:
    """Counts over the stills of one set."""

    person_px: int = 0
    hidden_px: int = 0
    persons: int = 0
    persons_exposed: int = 0
    faces: int = 0
    faces_exposed: int = 0
    over: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    def add(self, hidden: np.ndarray, entry: dict, people: np.ndarray | None) -> None:
        """Counts one still; what is `null` in its entry is not annotated, and not counted."""
        self.whole.append(float(hidden.mean()))
        if people is not None:
            for number in np.unique(people[(people > 0) & (people < 255)]):
                person = hidden[people == number]
                self.persons += 1
                self.persons_exposed += person.mean() < PERSON_HIDDEN
                self.person_px += person.size
                self.hidden_px += int(person.sum())
            self.over.append(float((hidden & (people == 0)).mean()))
        for x, y, width, height in entry.get("faces") or ():
            face = hidden[max(0, round(y)):round(y + height), max(0, round(x)):round(x + width)]
            if face.size:
                self.faces += 1
                self.faces_exposed += face.mean() < FACE_HIDDEN

    def row(self) -> str:
        def share(part: int, whole: int) -> str:
            return f"{100 * part / whole:.1f}" if whole else "-"

        over = f"{100 * np.mean(self.over):.1f}" if self.over else "-"
        return (
            f"{self.persons or '-'} | {share(self.hidden_px, self.person_px)} "
            f"| {share(self.persons_exposed, self.persons)} | {over} "
            f"| {self.faces or '-'} | {share(self.faces_exposed, self.faces)} | {100 * np.mean(self.whole):.1f} |"
        )


def stills(bench: Bench, data: Path, _: Path | None) -> list[str]:
    """One row a set of stills and effort."""
    rows = []
    for annotations in sorted(data.rglob("annotations.json")):
        folder, entries = annotations.parent, json.loads(annotations.read_text())
        entries = [entry for entry in entries if entry.get("mask") or entry.get("faces")]
        if not entries:
            continue
        for effort in EFFORTS:
            name = f"{folder.name} ({effort})"
            print(f"quality: stills: {name}", file=sys.stderr)
            out = bench.work / "stills" / folder.name / effort
            out.mkdir(parents=True, exist_ok=True)
            inputs = [folder / entry["file"] for entry in entries]
            bench.redact(name, inputs, "--out-dir", out, "--effort", effort)
            tally = Stills()
            for entry in entries:
                results = list(out.glob(Path(entry["file"]).stem + ".redacted.*"))
                if not results:
                    continue
                distance = np.abs(picture(results[0]).astype(np.int16) - np.array(colour(FILL), np.int16))
                people = picture(folder / entry["mask"])[..., 0] if entry.get("mask") else None
                tally.add(distance.max(axis=2) < FILL_TOLERANCE, entry, people)
            rows.append(f"| {folder.name} | {effort} | {tally.row()}")
    if not rows:
        return []
    return [
        "| set | effort | persons | person pixels hidden % | persons exposed % | over-masked % | faces "
        "| faces exposed % | picture hidden % |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *rows,
    ]


def models(bench: Bench, data: Path, folder: Path | None) -> list[str]:
    """One row a model of the folder's manifest, each beside the first one of the other task."""
    found = clips_of(data)
    if not found or folder is None:
        return []
    entries = json.loads(bench.run("models", "list", "--json", "--models", folder).stdout)
    first = {entry["task"]: entry["id"] for entry in reversed(entries)}
    checked = json.loads(bench.run("models", "check", "--json", "--models", folder, "--on", found[0][0]).stdout)
    took = {entry["id"]: entry["ms_per_look"] for entry in checked}
    rows = []
    for entry in entries:
        used = {**first, entry["task"]: entry["id"]}
        site = bench.work / f"{entry['id']}.site.toml"
        site.parent.mkdir(parents=True, exist_ok=True)
        site.write_text("schema = 1\n[detect]\nmodels = " + json.dumps(list(used.values())) + "\n")
        whole = total(redacted_clips(bench, found, entry["id"], "--models", folder, "--site", site))
        heads, bodies = (100 * whole[key] / max(1, whole["person_frames"]) for key in ("heads", "bodies"))
        rows.append(
            f"| {entry['id']} | {entry['task']} | {entry['family']} | {entry['origin']} | {entry['licence']} "
            f"| {entry['input']} | {entry['threshold']:g} | {heads:.1f} | {bodies:.1f} | {100 * whole['overmask']:.1f} "
            f"| {took[entry['id']]:.0f} |"
        )
    return [
        "On " + ", ".join(clip.stem for clip, _ in found) + ".",
        "",
        "| model | task | family | from | licence | input | threshold | head exposed % | body exposed % | over-masked % "
        "| ms a look |",
        "| --- | --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
        *rows,
    ]


SECTIONS = {"clips": clips, "stills": stills, "models": models}


def write(section: str, lines: list[str]) -> None:
    """Puts a section's lines between its two markers in the page."""
    begin, end = f"<!-- table: {section} (written by scripts/quality) -->", f"<!-- end: {section} -->"
    text = PAGE.read_text()
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        sys.exit(f"{PAGE} must hold these two lines once, in this order:\n{begin}\n{end}")
    before, after = text[: text.index(begin) + len(begin)], text[text.index(end):]
    PAGE.write_text(before + "\n\n" + "\n".join(lines) + "\n\n" + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="scripts/quality")
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", action="append", choices=SECTIONS)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        sys.exit(f"quality: {arguments.data} is no directory")
    bench = Bench(arguments.program, arguments.work)
    today, version = datetime.date.today().isoformat(), bench.version()
    written = 0
    for section in arguments.only or SECTIONS:
        failed = len(bench.failed)
        lines = SECTIONS[section](bench, arguments.data, arguments.models)
        if not lines:
            print(f"quality: nothing to measure for the section {section}", file=sys.stderr)
            continue
        lines = [f"Measured on {today} with {version}: default settings, no camera file, fill {FILL}.", "", *lines]
        if failed < len(bench.failed):
            lines += ["", "Not redacted: " + ", ".join(bench.failed[failed:]) + "."]
        write(section, lines)
        print("\n".join(lines))
        written += 1
    if not written or bench.failed:
        sys.exit("quality: " + ("nothing with ground truth in that directory" if not written else "see the tables"))


if __name__ == "__main__":
    main()
