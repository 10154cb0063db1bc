"""Layers of a network, strip by strip: the numbers of whole pictures, to rounding, in less time.

The first layers widen a picture to a hundred channels at half its size, 50 MB for 960 x 544 pixels,
which go to memory and back between two layers. A strip of their rows stays in the processor's
cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

_ROWS = {"NCHW": 2, "NHWC": 1}
"""Axis of the rows of pictures, by layout."""


class Strips(NamedTuple):
    """Layers up to the one called `last`, in strips of about `pixels` of the network's input."""

    last: str
    pixels: int


def in_strips(model: Any, wanted: Sequence[Strips]) -> None:
    """Divide layers of a folded OpenVINO model for u8 pictures (1, height, width, 3) into strips.

    Layers begin at the input, or at the `last` of the strips before, whose `pixels` are no more.
    Fewer than two strips are none. Raises ValueError for a layer of a kind that is not known here.
    """
    _, height, width, _ = model.input().shape
    for last, pixels in wanted:
        count = round(height * width / pixels)
        if count > 1:
            _divide(model, last, count)
    model.validate_nodes_and_infer_types()


def _divide(model: Any, last: str, count: int) -> None:
    from openvino import opset13

    whole = next(op for op in model.get_ops() if op.get_friendly_name() == last).output(0)
    rows, users = whole.shape[_ROWS["NCHW"]], list(whole.get_target_inputs())
    bounds = [round(rows * number / count) for number in range(count + 1)]
    parts = [_strip(whole, start, end, _ROWS["NCHW"]) for start, end in pairwise(bounds)]
    together = opset13.concat(parts, _ROWS["NCHW"])
    for user in users:
        user.replace_source_output(together.output(0))


def _strip(output: Any, start: int, end: int, axis: int) -> Any:
    """Rows `start` to `end` of a layer's output, made from no more rows than they need."""
    from openvino import opset13

    node = output.get_node()
    kind = node.get_type_name()
    if kind in ("Parameter", "Concat"):
        return opset13.slice(output, [start], [end], [1], [axis]).output(0)
    if kind in ("Convolution", "GroupConvolution", "MaxPool"):
        return _convolved(node, kind, start, end, axis)
    if kind == "Transpose":
        axis = _ROWS["NHWC"]
    takes = [_constant(v) or _strip(v, start, end, axis) for v in node.input_values()]
    match kind:
        case "Add":
            made = opset13.add(*takes)
        case "Relu":
            made = opset13.relu(*takes)
        case "Convert":
            made = opset13.convert(*takes, "f32")
        case "Transpose":
            made = opset13.transpose(*takes)
        case "Gather":  # of channels, in another order
            made = opset13.gather(*takes)
        case _:
            raise ValueError(f"a layer {kind} cannot be divided into strips")
    return made.output(0)


def _convolved(node: Any, kind: str, start: int, end: int, axis: int) -> Any:
    """Rows of a layer whose windows reach over some rows of its input, padded as in the whole."""
    from openvino import opset1, opset13

    given, source = node.get_attributes(), node.input_value(0)
    above, beside = given["pads_begin"]
    window = given["kernel"][0] if kind == "MaxPool" else node.input_value(1).shape[-2]
    first = start * given["strides"][0] - above
    after = (end - 1) * given["strides"][0] - above + window
    rows = source.shape[axis]
    part = _strip(source, max(0, first), min(rows, after), axis)
    begin, finish = [max(0, -first), beside], [max(0, after - rows), given["pads_end"][1]]
    if kind == "MaxPool":
        pooled = opset1.max_pool(part, given["strides"], begin, finish, given["kernel"])
        return pooled.output(0)
    convolve = opset13.convolution if kind == "Convolution" else opset13.group_convolution
    made = convolve(part, node.input_value(1), given["strides"], begin, finish, given["dilations"])
    return made.output(0)


def _constant(value: Any) -> Any | None:
    """A copy of a constant, None of anything else.

    OpenVINO fuses a bias with a layer only where no other layer takes it.
    """
    from openvino import opset13

    node = value.get_node()
    if node.get_type_name() != "Constant":
        return None
    return opset13.constant(node.data.copy()).output(0)
