"""Weights of an ONNX graph at half size: float16 in the file, float32 in all arithmetic."""

import math
from typing import TYPE_CHECKING

import numpy as np

from distill.exports import LazyModule

if TYPE_CHECKING:
    import onnx
    from onnx import numpy_helper
else:
    # Of an extra, which other commands do without.
    onnx = LazyModule("onnx")
    numpy_helper = LazyModule("onnx.numpy_helper")

LEAST_NUMBERS = 4096
"""Numbers of a tensor from which on it is halved: smaller ones weigh nothing, and shape all."""


def halve_weights(model: "onnx.ModelProto") -> None:
    """Keep large float32 tensors of a model as float16, cast back where they are used.

    ONNX Runtime casts them once, when it loads the graph: a call takes no longer.

    Args:
        model: The model, changed in place.
    """
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        is_large = math.prod(tensor.dims) >= LEAST_NUMBERS
        if tensor.data_type != onnx.TensorProto.FLOAT or not is_large:
            continue
        name = tensor.name
        values = numpy_helper.to_array(tensor)
        # Beyond its range it would be infinite.
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(
            onnx.helper.make_node(
                "Cast", [tensor.name], [name], name=f"{name}.cast", to=onnx.TensorProto.FLOAT
            )
        )
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
