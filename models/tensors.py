#!/usr/bin/env python3
"""Write tests/data/tensors/FAMILY.json: outputs as each family's networks give them, for boxes that are known.

    python3 models/tensors.py [--check]

The formulas are the families' own, turned round: from a box to the numbers that stand for it. The decoders in
src/video/detect/ must find the boxes again. With --check nothing is written; files that differ end in exit code 1.

A file holds the input's size, the classes, the threshold, the outputs in the order of the graph, and the boxes that
must be found: target, left, top, right, bottom in pixels of the input, score. An output is its shape, the value that
fills it, and [index, value] pairs for the rest. Standard library only.
"""

import argparse
import json
import math
import sys
from pathlib import Path

WIDTH, HEIGHT = 96, 64
OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "tensors"
# COCO's class numbers.
PERSON, CAR, LAPTOP, CHAIR = 0, 2, 63, 56


class Tensor:
    """One output, mostly of one value."""

    def __init__(self, shape: list[int], fill: float = 0.0) -> None:
        self.shape, self.fill, self.values = shape, fill, {}

    def put(self, row: int, column: int, value: float) -> None:
        """Set one value of [1, rows, columns]."""
        self.values[row * self.shape[2] + column] = value

    def json(self) -> dict:
        return {"shape": self.shape, "fill": self.fill, "set": sorted(self.values.items())}


def cells(stride: int) -> int:
    return (WIDTH // stride) * (HEIGHT // stride)


def cell_of(stride: int, column: int, row: int) -> int:
    return row * (WIDTH // stride) + column


def log_size(stride: int, box: list[float]) -> tuple[float, float]:
    return math.log((box[2] - box[0]) / stride), math.log((box[3] - box[1]) / stride)


def corner_offset(stride: int, column: int, row: int, box: list[float]) -> tuple[float, float]:
    """The box's centre from the cell's corner, in strides: YOLOX and YuNet."""
    return (box[0] + box[2]) / 2 / stride - column, (box[1] + box[3]) / 2 / stride - row


# Something of each stride: stride, column, row of the cell, box, class, score.
THINGS = [
    (8, 2, 1, [12.0, 8.0, 36.0, 38.0], PERSON, 0.9),
    (8, 11, 7, [80.0, 50.0, 99.5, 68.0], CAR, 0.6),
    (16, 5, 3, [60.0, 40.0, 92.0, 72.0], PERSON, 0.5),
    (16, 0, 0, [-6.0, -3.0, 20.0, 30.0], LAPTOP, 0.45),
    (32, 1, 1, [0.0, 0.0, 96.0, 96.0], PERSON, 0.3),
    (32, 2, 0, [64.0, 2.0, 90.0, 30.0], CHAIR, 0.8),
    (32, 0, 1, [4.0, 36.0, 30.0, 60.0], PERSON, 0.19),
]
TARGETS = {PERSON: "person", CAR: "vehicle", LAPTOP: "screen"}


def expected(things: list[tuple], target: str | None = None) -> list[list]:
    """The boxes that must be found at a threshold of 0.2."""
    return [[target or TARGETS[kind], *box, score] for _, _, _, box, kind, score in things
            if score >= 0.2 and (target or kind in TARGETS)]


def nanodet() -> dict:
    # The order of the outputs is the converter's whim: as odd as in the graph that ships.
    boxes = {s: Tensor([1, cells(s), 44]) for s in (32, 8, 16)}
    scores = {s: Tensor([1, cells(s), 80]) for s in (16, 8, 32)}
    for stride, column, row, box, kind, score in THINGS:
        cell = cell_of(stride, column, row)
        scores[stride].put(cell, kind, score)
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        for side, px in enumerate((x - box[0], y - box[1], box[2] - x, box[3] - y)):
            # A distribution over bins 0..10 with this mean: weight on the two bins around it.
            low, share = int(px / stride // 1), px / stride % 1
            assert 0 <= low < 10, "the box does not reach around its cell"
            for bin_ in range(11):
                weight = {low: 1 - share, low + 1: share}.get(bin_, 0.0)
                boxes[stride].put(cell, side * 11 + bin_, math.log(weight) if weight else -60.0)
    return {"classes": "coco", "outputs": [*boxes.values(), *scores.values()], "boxes": expected(THINGS)}


def yolox() -> dict:
    out = Tensor([1, sum(map(cells, (8, 16, 32))), 85])
    start = {8: 0, 16: cells(8), 32: cells(8) + cells(16)}
    for stride, column, row, box, kind, score in THINGS:
        cell = start[stride] + cell_of(stride, column, row)
        values = [*corner_offset(stride, column, row, box), *log_size(stride, box), 0.95]
        for at, value in enumerate(values):
            out.put(cell, at, value)
        out.put(cell, 5 + kind, score / 0.95)
    return {"classes": "coco", "outputs": [out], "boxes": expected(THINGS)}


def rtmdet() -> dict:
    dets, labels = Tensor([1, 9, 5]), Tensor([1, 9, 1])
    for i, (_, _, _, box, kind, score) in enumerate(sorted(THINGS, key=lambda t: -t[5])):
        for at, value in enumerate([*box, score]):
            dets.put(i, at, value)
        labels.put(i, 0, kind)
    labels.shape = [1, 9]
    things = sorted(THINGS, key=lambda t: -t[5])
    return {"classes": "coco", "outputs": [dets, labels], "boxes": expected(things)}


def yunet() -> dict:
    out = [Tensor([1, cells(s), depth]) for depth in (1, 1, 4, 10) for s in (8, 16, 32)]
    for stride, column, row, box, _, score in THINGS:
        of = {8: 0, 16: 1, 32: 2}[stride]
        cell = cell_of(stride, column, row)
        out[of].put(cell, 0, score * 0.9)
        out[3 + of].put(cell, 0, score / 0.9)
        values = [*corner_offset(stride, column, row, box), *log_size(stride, box)]
        for at, value in enumerate(values):
            out[6 + of].put(cell, at, value)
    return {"classes": "single", "outputs": out, "boxes": expected(THINGS, "face")}


def centerface() -> dict:
    columns, rows = WIDTH // 4, HEIGHT // 4
    # Planes, not rows: `put` takes plane and position.
    out = [Tensor([1, depth, columns * rows]) for depth in (1, 2, 2, 10)]
    faces = [(4, 5, 3, [20.0, 9.0, 28.0, 21.0], PERSON, 0.8), (4, 0, 15, [-4.0, 56.0, 7.0, 66.0], PERSON, 0.4),
             (4, 23, 0, [88.0, -3.0, 98.0, 8.0], PERSON, 0.1)]
    for stride, column, row, box, _, score in faces:
        at = row * columns + column
        wide, high = log_size(stride, box)
        x, y = corner_offset(stride, column, row, box)
        for tensor, plane, value in [(0, 0, score), (1, 0, high), (1, 1, wide), (2, 0, y - 0.5), (2, 1, x - 0.5)]:
            out[tensor].put(plane, at, value)
    for tensor in out:
        tensor.shape = [1, tensor.shape[1], rows, columns]
    return {"classes": "single", "outputs": out, "boxes": expected(faces, "face")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the files that are there")
    check = parser.parse_args().check
    OUT.mkdir(parents=True, exist_ok=True)
    differ = []
    for make in (nanodet, centerface, yolox, rtmdet, yunet):
        made = make()
        made = {"family": make.__name__, "input": [WIDTH, HEIGHT], "threshold": 0.2, **made,
                "outputs": [tensor.json() for tensor in made["outputs"]]}
        text = json.dumps(made, separators=(",", ":")).replace('"outputs"', '\n"outputs"').replace('"boxes"', '\n"boxes"')
        text = text.replace('{"shape"', '\n {"shape"') + "\n"
        path = OUT / f"{make.__name__}.json"
        if not check:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            differ.append(path.name)
    if differ:
        print("differ:", ", ".join(differ), file=sys.stderr)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
