"""Runs melkglas for scripts/quality: redacts, evaluates, learns references, dims clips, and keeps what was measured.

A whole measurement takes long, so its parts stay in the work folder under a hash of the program, its models, the
clips and score.py, and a second run takes up what it finds there. Remove the folder to measure everything anew.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import score
from score import Clip, colour, compare, read_truth

FILL = "00ff00"
# With fewer clips of a camera nothing is learned: the scene needs others than the clip that is measured.
LEAST_CLIPS, MOST_LEARNED = 5, 8
# Sensor noise of a dimmed copy, in grey levels, always the same.
NOISE_SIGMA, NOISE_SEED = 2.0, 1


class Film(NamedTuple):
    """A clip with its ground truth."""

    clip: Path
    truth: Path

    @property
    def name(self) -> str:
        return self.clip.stem

    @property
    def camera(self) -> str:
        """Clips whose names agree up to the first underscore are of one camera."""
        return self.name.split("_")[0]


class Fold(NamedTuple):
    """A camera file with a reference learned from other clips than the one that is measured."""

    camera: Path
    key: str


def films_of(data: Path) -> list[Film]:
    """Every clip with its ground truth."""
    found = []
    for truth in sorted(data.rglob("*.gt.txt")):
        name = truth.name.removesuffix(".gt.txt")
        clips = [truth.with_name(name + end) for end in (".mp4", ".avi", ".mkv")]
        found += [Film(clip, truth) for clip in clips if clip.is_file()][:1]
    return found


def of_known_cameras(films: list[Film]) -> dict[Film, list[Film]]:
    """The clips of cameras that have enough of them, each with the others to learn from, spread over the list."""
    cameras = defaultdict(list)
    for film in films:
        cameras[film.camera].append(film)
    others = {}
    for of_one in cameras.values():
        if len(of_one) >= LEAST_CLIPS:
            for film in of_one:
                rest = [other for other in of_one if other != film]
                count = min(MOST_LEARNED, len(rest))
                others[film] = [rest[i * len(rest) // count] for i in range(count)]
    return others


@cache
def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Bench:
    """The program, and where its results go."""

    program: Path
    work: Path
    failed: list[str] = field(default_factory=list)

    def version(self) -> str:
        return self.run("--version").stdout.strip()

    @cached_property
    def models(self) -> str:
        """The networks in use, as the program lists them."""
        return self.run("models", "list", "--json").stdout

    def models_in_use(self) -> str:
        return " and ".join(model["id"] for model in json.loads(self.models) if model["in_use"])

    def key(self, *parts: object) -> str:
        """What a kept result hangs on."""
        whole = [digest(self.program), self.models, digest(Path(score.__file__)), *map(str, parts)]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]

    def run(self, *arguments: object) -> subprocess.CompletedProcess:
        """Runs the program with its built-in settings; what it says goes on to the terminal where it fails."""
        built_in = {name: value for name, value in os.environ.items() if name != "MELKGLAS_SITE"}
        done = subprocess.run(
            [str(self.program), *map(str, arguments)], text=True, capture_output=True, env=built_in
        )
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
        return done

    def redact(self, name: str, inputs: list[Path], *flags: object, camera: Path | None = None) -> str:
        """Redacts in green: `done`, `refused` because it is too dark, or `failed`, which is named in the table."""
        of = ("--camera", camera) if camera else ("--no-camera",)
        done = self.run("redact", *inputs, *of, "--style", "fill", "--fill-colour", FILL, "--force", *flags)
        if done.returncode == 0:
            return "done"
        # The message is wrapped, with a bar before each line.
        if done.returncode == 4 and "too dark" in " ".join(done.stderr.replace("│", " ").split()):
            return "refused"
        self.failed.append(name)
        return "failed"

    def measure(
        self, label: str, film: Film, *flags: object, fold: Fold | None = None, basis: object = None
    ) -> dict | None:
        """One clip redacted and scored from its pixels; None where that failed, `refused` alone where it was too dark.

        `basis` is what else the flags hang on, such as the content of files that they name.
        """
        key = self.key(digest(film.clip), digest(film.truth), *flags, fold and fold.key, basis)
        kept = self.work / label / f"{film.name}.{key}.json"
        if kept.is_file():
            return json.loads(kept.read_text())
        print(f"quality: {label}: {film.name}", file=sys.stderr)
        kept.parent.mkdir(parents=True, exist_ok=True)
        target = kept.with_name(f"{film.name}.mp4")
        name = f"{film.name} ({label})"
        outcome = self.redact(name, [film.clip], "-o", target, *flags, camera=fold and fold.camera)
        if outcome == "failed":
            return None
        figures = {"refused": True}
        if outcome == "done":
            result = Clip(target)
            figures = compare(Clip(film.clip), result)
            figures |= score.score(result, read_truth(film.truth), colour(FILL), None)
        return keep(kept, figures)

    def told(
        self, label: str, film: Film, part: str, *flags: object, fold: Fold | None = None, basis: object = None
    ) -> dict | None:
        """One part of what the program itself says of a clip; None where it failed."""
        key = self.key(digest(film.clip), digest(film.truth), *flags, fold and fold.key, basis)
        kept = self.work / label / f"{film.name}.{key}.json"
        if kept.is_file():
            return json.loads(kept.read_text())
        print(f"quality: {label}: {film.name}", file=sys.stderr)
        camera = ("--camera", fold.camera) if fold else ()
        done = self.run("evaluate", film.clip, "--truth", film.truth, "--json", *camera, *flags)
        if done.returncode != 0:
            self.failed.append(f"{film.name} ({label})")
            return None
        return keep(kept, json.loads(done.stdout)[part])

    def evaluate(self, label: str, film: Film, *flags: object, fold: Fold | None = None) -> dict | None:
        """What the program itself says of one clip, under the names of score.py."""
        figures = self.told(label, film, "figures", *flags, fold=fold)
        if figures:
            figures["ids_exposed"] = f"{figures['identities_exposed']}/{figures['identities']}"
        return figures

    def learn(self, film: Film, others: list[Film]) -> Fold | None:
        """The camera of a clip, with a reference learned from others of its clips and approved."""
        key = self.key(film.name, *(digest(other.clip) for other in others))
        folder = self.work / "folds" / f"{film.name}.{key}"
        camera = folder / f"{film.camera}.toml"
        if (folder / "approved").is_file():
            return Fold(camera, key)
        print(f"quality: learn: {film.name}", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        # What an interrupted run left.
        for old in folder.iterdir():
            old.unlink()
        size = Clip(film.clip)
        camera.write_text(
            f'schema = 1\nid = "{film.camera}"\ndescription = "measured by scripts/quality"\n'
            f"frame = {{ width = {size.width}, height = {size.height} }}\n"
        )
        learned = self.run("camera", "learn", camera, *(other.clip for other in others), "--json")
        stills = json.loads(learned.stdout)["stills"] if learned.returncode == 0 else []
        approvals = [
            self.run("camera", "approve", camera, "--by", "scripts/quality", "--still", still["sha256"][:16],
                     "--despite", "nobody looked: learned from other clips to measure")
            for still in stills
        ]
        if not stills or any(done.returncode != 0 for done in approvals):
            self.failed.append(f"{film.name} (learning its camera)")
            return None
        (folder / "approved").touch()
        return Fold(camera, key)

    def dimmed(self, film: Film, gain: float) -> Film:
        """A copy at a share of the brightness, with the noise that a sensor adds."""
        folder = self.work / f"dimmed-{gain:g}" / hashlib.sha256(
            f"{digest(film.clip)} {NOISE_SIGMA} {NOISE_SEED}".encode()
        ).hexdigest()[:16]
        copy = folder / f"{film.name}.mp4"
        if copy.is_file():
            return Film(copy, film.truth)
        folder.mkdir(parents=True, exist_ok=True)
        source, noise = Clip(film.clip), np.random.default_rng(NOISE_SEED)
        lasts = float(source.times[-1] - source.times[0])
        rate = (len(source.times) - 1) / lasts if lasts > 0 else 25
        even = source.width % 2 == 0 and source.height % 2 == 0
        partial = copy.with_suffix(".partial.mp4")
        with subprocess.Popen(
            ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s",
             f"{source.width}x{source.height}", "-r", f"{rate:.5f}", "-i", "pipe:0", "-c:v", "libx264", "-crf", "18",
             "-pix_fmt", "yuv420p" if even else "yuv444p", str(partial)],
            stdin=subprocess.PIPE,
        ) as encoder:
            for picture in source.pictures():
                dark = picture * np.float32(gain) + noise.normal(0, NOISE_SIGMA, picture.shape)
                encoder.stdin.write(np.clip(dark.round(), 0, 255).astype(np.uint8).tobytes())
        if encoder.returncode != 0:
            sys.exit(f"quality: ffmpeg could not dim {film.name}")
        partial.rename(copy)
        return Film(copy, film.truth)


def keep(path: Path, figures: dict | list) -> dict | list:
    """Writes figures where the next run finds them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(figures))
    partial.rename(path)
    return figures
