#!/usr/bin/env python3
"""Score a redacted clip against ground truth, from its pixels alone.

    score.py REDACTED --truth NAME.gt.txt [--source CLIP] [--fill 00ff00] [--camera FILE.toml] [--json]

Nothing that the redactor says of itself is read: the clip must have been redacted in a solid colour that does not
occur in the footage, and a pixel counts as hidden where it carries that colour. Ground truth is in MOTChallenge
rows (frame from 1, id, left, top, width, height, confidence, class, visibility; pixels). Rows with confidence 0 and
rows of classes other than pedestrian are left out.

For each ground-truth person in each frame:
  head   the top fifth of the box, the middle 60 % of its width; where the box is wider than tall (somebody lying,
         or seen from above) the worse of its two end fifths, the middle 60 % of its height
  body   the middle 70 % of the box's width, its whole height

Figures:
  person_frames  ground-truth persons, counted once a frame
  ids_exposed    identities whose head was exposed in at least one frame, of all
  head_exposed   share of person-frames with less than 90 % of the head hidden
  body_exposed   share of person-frames with less than 80 % of the body hidden
  longest_run    longest run of consecutive frames in which one head was exposed
  overmask       mean share of the frame that is hidden though it lies outside every box grown by a quarter on each
                 side, and outside the zones
  zone_unfilled  with --camera: worst share of zone pixels that were not hidden, over all frames, two pixels in from
                 the polygon's edge, where chroma subsampling and the encoder blur it
A frame that the truth names and the clip lacks counts as exposed: it proves nothing.
With --source: frame counts, size and the largest difference of presentation times, from each clip's first frame.

Needs numpy, and ffmpeg and ffprobe on the PATH.
"""

import argparse
import json
import subprocess
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, NamedTuple

import numpy as np

# A pixel is hidden where each of its colours is nearer to the fill than this: the encoder moves them a little.
FILL_TOLERANCE = 90
HEAD_HIDDEN, BODY_HIDDEN = 0.9, 0.8
# Regions with fewer pixels are too small to judge.
LEAST_HEAD_PX, LEAST_BODY_PX = 4, 12
# A box this much wider than tall is somebody lying or seen from above.
LYING = 1.2
GROWN = 0.25
EDGE_PX = 2


class Person(NamedTuple):
    """One row of ground truth: a box in pixels, which may stick out of the picture."""

    identity: int
    left: float
    top: float
    width: float
    height: float

    def part(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """A part of the box, given in shares of it."""
        return (
            self.left + self.width * x0,
            self.top + self.height * y0,
            self.left + self.width * x1,
            self.top + self.height * y1,
        )


def read_truth(path: Path) -> dict[int, list[Person]]:
    """Persons by frame number, from 1."""
    truth = defaultdict(list)
    for line in path.read_text().splitlines():
        row = line.strip().split(",")
        if len(row) < 6 or not row[0].strip().isdigit():
            continue
        if len(row) > 6 and float(row[6]) == 0:
            continue
        # Nine columns: the eighth is a class of MOT16 and later, 1 a pedestrian, 2 to 13 something else.
        if len(row) == 9 and float(row[7]) in range(2, 14):
            continue
        truth[int(row[0])].append(Person(int(float(row[1])), *map(float, row[2:6])))
    return truth


class Clip:
    """A clip's size, presentation times and pixels, as ffmpeg reads them."""

    def __init__(self, path: Path):
        self.path = path
        answer = json.loads(
            subprocess.run(
                ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries",
                 "stream=width,height:frame=best_effort_timestamp_time", str(path)],
                check=True, capture_output=True, text=True,
            ).stdout
        )
        self.width, self.height = (answer["streams"][0][key] for key in ("width", "height"))
        self.times = np.array(
            [float(frame.get("best_effort_timestamp_time", "nan")) for frame in answer.get("frames", [])]
        )

    def pictures(self) -> Iterator[np.ndarray]:
        """Every decoded frame, RGB; ends the run where decoding breaks off."""
        size = self.width * self.height * 3
        with subprocess.Popen(
            ["ffmpeg", "-v", "error", "-i", str(self.path), "-map", "0:v:0", "-fps_mode", "passthrough",
             "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        ) as decoder:
            while len(data := decoder.stdout.read(size)) == size:
                yield np.frombuffer(data, np.uint8).reshape(self.height, self.width, 3)
        if decoder.returncode != 0 or data:
            sys.exit(f"{self.path}: ffmpeg could not decode it to its end")


def cut(plane: np.ndarray, corners: tuple[float, float, float, float]) -> np.ndarray:
    """The pixels of a rectangle, clipped to the picture; empty where it lies outside."""
    x0, y0, x1, y1 = (max(0, round(value)) for value in corners)
    return plane[y0:y1, x0:x1]


def hidden_share(pixels: np.ndarray) -> float:
    return float(pixels.mean())


def head_exposed(hidden: np.ndarray, person: Person) -> bool:
    if person.width > LYING * person.height:
        candidates = [person.part(0.0, 0.2, 0.2, 0.8), person.part(0.8, 0.2, 1.0, 0.8)]
    else:
        candidates = [person.part(0.2, 0.0, 0.8, 0.2)]
    regions = (cut(hidden, corners) for corners in candidates)
    return any(r.size >= LEAST_HEAD_PX and hidden_share(r) < HEAD_HIDDEN for r in regions)


def zone_mask(camera: Path, width: int, height: int) -> np.ndarray:
    """Pixels whose centre lies in a zone of a camera file (even-odd rule)."""
    mask = np.zeros((height, width), bool)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    for zone in tomllib.loads(camera.read_text()).get("zone", []):
        points = np.array(zone["polygon"], float) * (width, height)
        inside = np.zeros_like(mask)
        for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0)):
            if ay != by:
                inside ^= ((ay > y) != (by > y)) & (x < ax + (bx - ax) * (y - ay) / (by - ay))
        mask |= inside
    return mask


def without_edge(mask: np.ndarray) -> np.ndarray:
    """The mask without a rim; the picture's own border is no rim."""
    padded = np.pad(mask, EDGE_PX, mode="edge")
    core = np.ones_like(mask)
    rows, columns = mask.shape
    for dy in range(2 * EDGE_PX + 1):
        for dx in range(2 * EDGE_PX + 1):
            core &= padded[dy:dy + rows, dx:dx + columns]
    return core


@dataclass
class Tally:
    """Counts over the frames of one clip."""

    persons: int = 0
    heads: int = 0
    bodies: int = 0
    seen: set[int] = field(default_factory=set)
    exposed: set[int] = field(default_factory=set)
    longest: int = 0
    # Per identity: the last frame it was in, and for how many frames up to that one its head was exposed.
    runs: dict[int, tuple[int, int]] = field(default_factory=dict)
    coverage: list[float] = field(default_factory=list)
    over: list[float] = field(default_factory=list)

    def add(self, frame: int, person: Person, head: bool, share: float) -> None:
        """Counts one person in one frame."""
        self.persons += 1
        self.heads += head
        self.bodies += share < BODY_HIDDEN
        self.coverage.append(share)
        self.seen.add(person.identity)
        last, run = self.runs.get(person.identity, (frame, 0))
        run = (run if last == frame - 1 else 0) + 1 if head else 0
        self.runs[person.identity] = (frame, run)
        if head:
            self.exposed.add(person.identity)
            self.longest = max(self.longest, run)


def score(clip: Clip, truth: dict[int, list[Person]], fill: tuple[int, ...], zones: np.ndarray | None) -> dict:
    """The figures of one clip."""
    tally, count, zone_worst = Tally(), 0, 0.0
    core = without_edge(zones) if zones is not None else None
    for count, picture in enumerate(clip.pictures(), start=1):
        distance = np.abs(picture.astype(np.int16) - np.array(fill, np.int16))
        hidden = distance.max(axis=2) < FILL_TOLERANCE
        allowed = np.zeros_like(hidden) if zones is None else zones.copy()
        for person in truth.get(count, ()):
            cut(allowed, person.part(-GROWN, -GROWN, 1 + GROWN, 1 + GROWN))[:] = True
            body = cut(hidden, person.part(0.15, 0.0, 0.85, 1.0))
            if body.size >= LEAST_BODY_PX:
                tally.add(count, person, head_exposed(hidden, person), hidden_share(body))
        tally.over.append(hidden_share(hidden & ~allowed))
        if core is not None and core.any():
            zone_worst = max(zone_worst, 1 - hidden_share(hidden[core]))

    missing = sorted(frame for frame, persons in truth.items() if frame > count and persons)
    for frame in missing:
        for person in truth[frame]:
            tally.add(frame, person, True, 0.0)
    # Nobody can say when an exposed run would have ended in frames that are not there.
    if missing:
        tally.longest = max(tally.longest, missing[-1] - count)

    def share(part: int) -> float | None:
        return round(part / tally.persons, 4) if tally.persons else None

    def mean(values: list[float]) -> float | None:
        return round(float(np.mean(values)), 4) if values else None

    figures = {
        "frames": count,
        "frames_missing": len(missing),
        "person_frames": tally.persons,
        "mean_coverage": mean(tally.coverage),
        "head_exposed": share(tally.heads),
        "body_exposed": share(tally.bodies),
        "ids_exposed": f"{len(tally.exposed)}/{len(tally.seen)}",
        "longest_run": tally.longest,
        "overmask": mean(tally.over),
        "heads": tally.heads,
        "bodies": tally.bodies,
    }
    if core is not None:
        figures["zone_unfilled"] = round(zone_worst, 4)
    return figures


def compare(source: Clip, clip: Clip) -> dict:
    """Whether the redacted clip has the source's frames."""
    figures = {
        "frames_src": len(source.times),
        "frames_out": len(clip.times),
        "same_size": (source.width, source.height) == (clip.width, clip.height),
    }
    if len(source.times) == len(clip.times) > 1:
        shift = (source.times - source.times[0]) - (clip.times - clip.times[0])
        figures["max_time_shift_s"] = round(float(np.abs(shift).max()), 4)
    return figures


def colour(text: str) -> tuple[int, ...]:
    if len(text) != 6:
        raise ValueError(text)
    return tuple(bytes.fromhex(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("redacted", type=Path)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--fill", type=colour, default=colour("00ff00"))
    parser.add_argument("--camera", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    clip = Clip(arguments.redacted)
    figures = compare(Clip(arguments.source), clip) if arguments.source else {}
    zones = zone_mask(arguments.camera, clip.width, clip.height) if arguments.camera else None
    figures |= score(clip, read_truth(arguments.truth), arguments.fill, zones)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:18} {value}")


if __name__ == "__main__":
    main()
