#!/usr/bin/env bash
# Usage: findings/onnxruntime-maximum-loses-nan.sh
#
# onnxruntime 1.32.0 on the CPU, operators ReduceMax and MaxPool (opset 17). Expected: a NaN among the values makes their
# maximum NaN wherever it stands, as in the reference implementation of ReduceMax that the onnx package ships, and as
# Relu, Clip and Sigmoid of the same runtime do. Seen: it depends on the place. ReduceMax of four values keeps a NaN
# in the first place alone, MaxPool over a 2x2 window in the last place alone; elsewhere the NaN vanishes and an
# ordinary number comes out. Detectors take the best of several class scores with ReduceMax and find peaks with MaxPool:
# a network that is broken inside then says "nobody here", and looking for NaN in its output does not tell. Fails
# where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
ORT_DISABLE_TELEMETRY=1 HOME="$work" "$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def model_of(op, shape, **attributes):
    graph = helper.make_graph(
        [helper.make_node(op, ["x"], ["y"], **attributes)],
        op,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def runtime(model, value):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return float(session.run(None, {"x": value})[0].item())


reduce_max = model_of("ReduceMax", [1, 4], axes=[1])
max_pool = model_of("MaxPool", [1, 1, 2, 2], kernel_shape=[2, 2])
print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
kept = {"reference ReduceMax": [], "ReduceMax": [], "MaxPool": []}
for place in range(4):
    values = np.array([1, 2, 3, 4], np.float32)
    values[place] = np.nan
    row, window = values.reshape(1, 4), values.reshape(1, 1, 2, 2)
    results = {
        "reference ReduceMax": float(ReferenceEvaluator(reduce_max).run(None, {"x": row})[0].item()),
        "ReduceMax": runtime(reduce_max, row),
        "MaxPool": runtime(max_pool, window),
    }
    print(values.tolist(), results)
    for name, result in results.items():
        if np.isnan(result):
            kept[name].append(place)
print("places whose NaN is kept:", kept)
expected = {"reference ReduceMax": [0, 1, 2, 3], "ReduceMax": [0], "MaxPool": [3]}
sys.exit(0 if kept == expected else "changed: NaN is treated in another way now")
PYTHON
