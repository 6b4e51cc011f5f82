"""Redacts footage with ground truth, scores the results from their pixels, writes the tables of docs/quality.md.

Started by scripts/quality, which sees to the program and to numpy.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import numpy as np
from bench import FILL, LEAST_CLIPS, Bench, Film, Fold, films_of, of_known_cameras
from score import FILL_TOLERANCE, Clip, colour

PAGE = Path(__file__).resolve().parent.parent / "docs" / "quality.md"
EFFORTS = ("fast", "thorough")
# A face is hidden where this share of its box is; a person of a still where this share of its pixels is.
FACE_HIDDEN, PERSON_HIDDEN = 0.9, 0.8


@dataclass
class Variant:
    """One row of the table of variants."""

    name: str
    label: str
    reference: bool
    gain: float | None = None
    flags: tuple[str, ...] = ()


DEFAULT = Variant("no reference, one pass", "clips", False)
WITH_REFERENCE = Variant("reference, one pass", "reference", True)
VARIANTS = (
    DEFAULT,
    Variant("no reference, two passes", "two-passes", False, flags=("--passes", "2")),
    WITH_REFERENCE,
    Variant("reference, two passes", "reference-two-passes", True, flags=("--passes", "2")),
    Variant("reference, dimmed to 0.3", "reference-dimmed-0.3", True, 0.3),
    Variant("reference, dimmed to 0.15", "reference-dimmed-0.15", True, 0.15),
    Variant("no reference, dimmed to 0.3", "no-reference-dimmed-0.3", False, 0.3),
)
# The share of detections that is dropped, and how often that is tried.
FORGET, SEEDS = "0.1", range(1, 6)

COLUMNS = "ids exposed | head exposed % | body exposed % | longest run | over-masked % |"
RULE = "---: | ---: | ---: | ---: | ---: |"


def folds(bench: Bench, films: list[Film]) -> dict[Film, Fold]:
    """The clips whose camera could be learned from others, with what was learned."""
    learned = {film: bench.learn(film, others) for film, others in of_known_cameras(films).items()}
    return {film: fold for film, fold in learned.items() if fold}


def measured(bench: Bench, films: list[Film], variant: Variant, known: dict[Film, Fold]) -> dict[str, dict]:
    """The figures of every clip by name; without those that failed."""
    scores = {}
    for film in films:
        fold = known.get(film) if variant.reference else None
        shown = film if variant.gain is None else bench.dimmed(film, variant.gain)
        scores[film.name] = bench.measure(variant.label, shown, *variant.flags, fold=fold)
    return {name: figures for name, figures in scores.items() if figures}


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


def by_clip(bench: Bench, scores: dict[str, dict]) -> list[str]:
    """One row a clip, and one for all."""
    seen = {name: s for name, s in scores.items() if "refused" not in s}
    lines = [
        f"| clip | person-frames | {COLUMNS}",
        f"| --- | ---: | {RULE}",
        *(f"| {name} | {s['person_frames']} | {figures(s)}" for name, s in seen.items()),
    ]
    if len(seen) > 1:
        whole = total(seen)
        lines.append(f"| **all** | {whole['person_frames']} | {figures(whole)}")
    if dark := [name for name in scores if name not in seen]:
        lines += ["", "Refused as too dark: " + ", ".join(dark) + "."]
    wrong = [
        name for name, s in seen.items()
        if s["frames_src"] != s["frames_out"] or not s["same_size"] or s.get("max_time_shift_s", 0) > 0.001
    ]
    if wrong:
        bench.failed += wrong
        lines += ["", "Frames, size or presentation times differ from the source: " + ", ".join(wrong) + "."]
    return lines


def clips(bench: Bench, data: Path, _: Path | None) -> list[str]:
    """One row a clip, default settings."""
    films = films_of(data)
    return by_clip(bench, measured(bench, films, DEFAULT, {})) if films else []


def reference(bench: Bench, data: Path, _: Path | None) -> list[str]:
    """One row a clip, with a reference learned from the camera's other clips."""
    known = folds(bench, films_of(data))
    return by_clip(bench, measured(bench, list(known), WITH_REFERENCE, known)) if known else []


def forgetful(bench: Bench, known: dict[Film, Fold]) -> list[str]:
    """The rows with a share of the detections dropped, which only `melkglas evaluate` can do."""
    wholes = []
    for seed in SEEDS:
        flags = ("--forget", FORGET, "--seed", str(seed))
        scores = {film.name: bench.evaluate("forget", film, *flags, fold=fold) for film, fold in known.items()}
        wholes.append(total({name: s for name, s in scores.items() if s}))
    exposed = [int(whole["ids_exposed"].split("/")[0]) for whole in wholes]
    ids = wholes[0]["ids_exposed"].split("/")[1]
    rows = []
    for word, of, count in (("mean", np.mean, "{:.1f}"), ("worst", np.max, "{:.0f}")):
        whole = {key: of([w[key] for w in wholes]) for key in ("person_frames", "heads", "bodies", "overmask")}
        whole["ids_exposed"] = count.format(of(exposed)) + f"/{ids}"
        whole["longest_run"] = count.format(of([w["longest_run"] for w in wholes]))
        name = f"reference, one pass, {100 * float(FORGET):g} % of detections dropped, {word} of {len(SEEDS)} seeds"
        rows.append(f"| {name} | {len(known)} | 0 | {figures(whole)}")
    return rows


def variants(bench: Bench, data: Path, _: Path | None) -> list[str]:
    """One row a variant, over the clips whose camera could be learned."""
    known = folds(bench, films_of(data))
    if not known:
        return []
    rows = []
    for variant in VARIANTS:
        scores = measured(bench, list(known), variant, known)
        seen = {name: s for name, s in scores.items() if "refused" not in s}
        row = figures(total(seen)) if seen else "- | - | - | - | - |"
        rows.append(f"| {variant.name} | {len(seen)} | {len(scores) - len(seen)} | {row}")
    return [
        f"| variant | clips | refused | {COLUMNS}", f"| --- | ---: | ---: | {RULE}", *rows, *forgetful(bench, known)
    ]


# A figure, how a difference of it is written, and how it is had from what was measured.
AGREE: tuple[tuple[str, str, Callable[[dict], float]], ...] = (
    ("ids exposed", "{:.0f}", lambda s: int(s["ids_exposed"].split("/")[0])),
    ("head exposed, percentage points", "{:.2f}", lambda s: 100 * s["heads"] / max(1, s["person_frames"])),
    ("body exposed, percentage points", "{:.2f}", lambda s: 100 * s["bodies"] / max(1, s["person_frames"])),
    ("longest run, frames", "{:.0f}", lambda s: s["longest_run"]),
    ("over-masked, percentage points", "{:.2f}", lambda s: 100 * s["overmask"]),
    ("person-frames", "{:.0f}", lambda s: s["person_frames"]),
    ("frames", "{:.0f}", lambda s: s["frames"]),
)


def agreement(bench: Bench, data: Path, _: Path | None) -> list[str]:
    """How far `melkglas evaluate` and score.py are apart, clip by clip."""
    films = films_of(data)
    by_pixels = measured(bench, films, DEFAULT, {})
    pairs = {
        film.name: (by_plan, by_pixels[film.name])
        for film in films
        if film.name in by_pixels and (by_plan := bench.evaluate("evaluate", film))
    }
    if not pairs:
        return []
    rows = []
    for figure, form, value in AGREE:
        apart = {name: abs(value(plan) - value(pixels)) for name, (plan, pixels) in pairs.items()}
        worst = max(apart, key=apart.get)
        rows.append(f"| {figure} | {form.format(apart[worst])} | {worst if apart[worst] else '-'} |")
    return [f"Over {len(pairs)} clips.", "", "| figure | largest difference | in |", "| --- | ---: | --- |", *rows]


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
    found = films_of(data)
    if not found or folder is None:
        return []
    entries = json.loads(bench.run("models", "list", "--json", "--models", folder).stdout)
    first = {entry["task"]: entry["id"] for entry in reversed(entries)}
    checked = json.loads(bench.run("models", "check", "--json", "--models", folder, "--on", found[0].clip).stdout)
    took = {entry["id"]: entry["ms_per_look"] for entry in checked}
    rows = []
    for entry in entries:
        used = {**first, entry["task"]: entry["id"]}
        site = bench.work / f"{entry['id']}.site.toml"
        site.parent.mkdir(parents=True, exist_ok=True)
        site.write_text("schema = 1\n[detect]\nmodels = " + json.dumps(list(used.values())) + "\n")
        basis = site.read_text() + json.dumps(entries)
        scores = {
            film.name: bench.measure(entry["id"], film, "--models", folder, "--site", site, basis=basis)
            for film in found
        }
        whole = total({name: s for name, s in scores.items() if s})
        heads, bodies = (100 * whole[key] / max(1, whole["person_frames"]) for key in ("heads", "bodies"))
        rows.append(
            f"| {entry['id']} | {entry['task']} | {entry['family']} | {entry['origin']} | {entry['licence']} "
            f"| {entry['input']} | {entry['threshold']:g} | {heads:.1f} | {bodies:.1f} | {100 * whole['overmask']:.1f} "
            f"| {took[entry['id']]:.0f} |"
        )
    return [
        "On " + ", ".join(film.name for film in found) + ".",
        "",
        "| model | task | family | from | licence | input | threshold | head exposed % | body exposed % | over-masked % "
        "| ms a look |",
        "| --- | --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
        *rows,
    ]


def attack(bench: Bench, data: Path, _: Path | None) -> list[str]:
    """The attack on masks: on the clips, and on the sample."""
    lines = []
    for name, folder in (("The clips", data if films_of(data) else None), ("The sample", None)):
        if name == "The clips" and folder is None:
            continue
        print(f"quality: attack: {name.lower()}", file=sys.stderr)
        found = {key: value for key, value in os.environ.items() if key != "MELKGLAS_EVAL_DATA"}
        env = {**found, "MELKGLAS_EVAL_DATA": str(folder.resolve())} if folder else found
        command = ["cargo", "bench", "--quiet", "--locked", "--bench", "irrecoverable"]
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, env=env, cwd=PAGE.parent)
        # Clips first, then a blank line, then what belongs on the page.
        table = done.stdout.partition("\n\n")[2].strip()
        if done.returncode or not table:
            bench.failed.append(name.lower())
        lines += [f"**{name}.** {table}", ""]
    return lines[:-1]


# Clicks at every subject, each rehearsed by itself.
CLICKS = 3
# As with --alone: staff vouch that every box that they click at holds one person, even where it holds two.
VOUCHED = "schema = 1\n[follow]\nsure_of_one = 0.0\n"


def reveals(bench: Bench, data: Path, _: Path | None) -> list[str]:
    """What clicks at one subject would show of the others: by default, and where staff vouch for every box."""
    films = films_of(data)
    known = folds(bench, films)
    site = bench.work / "vouched.toml"
    site.parent.mkdir(parents=True, exist_ok=True)
    site.write_text(VOUCHED)
    lines = [
        "| settings | clip | subjects | clicks | refused | visible % | with doubts settled % "
        "| heads of others on top %, worst click | longest run on top |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for label, flags in (("default", ()), ("vouched", ("--site", site))):
        every: list[dict] = []
        subjects = 0
        for film in films:
            told = bench.told(
                f"reveals-{label}", film, "reveals", "--reveal", CLICKS, *flags, fold=known.get(film), basis=VOUCHED
            )
            if told:
                people = len({pair["once"]["identity"] for pair in told})
                every, subjects = every + told, subjects + people
                lines.append(f"| {label} | {film.name} | {people} | {reveal_figures(told)}")
        if every:
            lines.append(f"| {label} | **all** | {subjects} | {reveal_figures(every)}")
    return lines if len(lines) > 2 else []


def reveal_figures(pairs: list[dict]) -> str:
    """Of pairs of one click and of the same with every doubt settled. Who is never alone has no visible share."""
    once, settled = [pair["once"] for pair in pairs], [pair["settled"] for pair in pairs]

    def visible(trials: list[dict]) -> str:
        shares = [trial["visible"] for trial in trials if trial["visible"] is not None]
        return f"{100 * np.mean(shares):.0f}" if shares else "-"

    both = once + settled
    added = max(100 * trial["heads_added"] / max(1, trial["others"]) for trial in both)
    run = max(trial["longest_added_run"] for trial in both)
    refused = sum(1 for trial in once if trial["refused"])
    return f"{len(once)} | {refused} | {visible(once)} | {visible(settled)} | {added:.1f} | {run} |"


PLAIN = f"default settings, no camera file, fill {FILL}"
LEARNED = f"default settings, a reference learned from other clips of the camera, fill {FILL}"
# Each section with what holds for all of its table.
SECTIONS = {
    "clips": (clips, PLAIN),
    "reference": (reference, LEARNED),
    "variants": (variants, f"clips of cameras with at least {LEAST_CLIPS} of them, fill {FILL}"),
    "agreement": (agreement, PLAIN),
    "stills": (stills, PLAIN),
    "models": (models, PLAIN),
    "reveals": (reveals, f"{CLICKS} clicks at every subject, two passes, a reference where the camera is known"),
    "attack": (attack, "default settings, masks around true boxes"),
}


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
        measure, what = SECTIONS[section]
        lines = measure(bench, arguments.data, arguments.models)
        if not lines:
            print(f"quality: nothing to measure for the section {section}", file=sys.stderr)
            continue
        with_models = "" if section in ("models", "attack") else f", {bench.models_in_use()}"
        lines = [f"Measured on {today} with {version}{with_models}: {what}.", "", *lines]
        if failed < len(bench.failed):
            lines += ["", "Not redacted: " + ", ".join(bench.failed[failed:]) + "."]
        write(section, lines)
        print("\n".join(lines))
        written += 1
    if not written or bench.failed:
        sys.exit("quality: " + ("nothing with ground truth in that directory" if not written else "see the tables"))


if __name__ == "__main__":
    main()
