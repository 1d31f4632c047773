"""Weights of ONNX graphs as float16."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from distill.hosts.onnx_half import LEAST_NUMBERS, halve_weights


def test_large_weights_are_halved_and_the_graph_computes_in_float32() -> None:
    draw = np.random.default_rng(0)
    large = draw.standard_normal((64, LEAST_NUMBERS // 64)).astype(np.float32)
    beyond = 1e5 * large
    small = draw.standard_normal(large.shape[1]).astype(np.float32)
    rows = np.arange(LEAST_NUMBERS)
    weights = {"large": large, "beyond": beyond, "small": small, "rows": rows}
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, large.shape[1]])
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["large", "beyond"], ["sum"]),
            helper.make_node("MatMul", ["x", "sum"], ["product"]),
            helper.make_node("Add", ["product", "small"], ["y"]),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 64])],
        [output],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    before = model.ByteSize()
    halve_weights(model)
    assert before - model.ByteSize() > 1.9 * LEAST_NUMBERS
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert kinds == {
        "large.half": TensorProto.FLOAT16,
        # No float16 is as large.
        "beyond": TensorProto.FLOAT,
        "small": TensorProto.FLOAT,
        "rows": TensorProto.INT64,
    }
    session = onnxruntime.InferenceSession(model.SerializeToString())
    x = draw.standard_normal((3, 64)).astype(np.float32)
    (y,) = session.run(None, {"x": x})
    expected = x @ (large.astype(np.float16).astype(np.float32) + beyond) + small
    np.testing.assert_allclose(y, expected, rtol=1e-4)
