"""Read weights and facts out of an ONNX file: a few fields of a Protocol Buffers message, and nothing else.

Every field is a key, (number << 3 | kind), and a value: kind 0 a number in groups of seven bits, kind 1 or 5
eight or four bytes, kind 2 a length and as many bytes. Numbers as in onnx.proto3.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

GRAPH, FACTS = 7, 14  # in a model
INITIALIZER = 5  # in a graph
DIMENSIONS, DATA_TYPE, FLOATS, INTEGERS, NAME, RAW = 1, 2, 4, 5, 8, 9  # in a tensor
FLOAT32, INT8 = 1, 3
LONGEST_NUMBER_BITS = 63  # seven at a time; what goes on is none, and may be long

DTYPES: dict[int, Any] = {FLOAT32: np.dtype("<f4"), INT8: np.dtype("i1")}


def read_model(content: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the float32 and int8 weights by name, and the facts (metadata) of an ONNX file.

    Raises:
        ValueError: when `content` is no such message.
    """
    weights: dict[str, NDArray[Any]] = {}
    facts: dict[str, str] = {}
    try:
        for number, value in _fields(memoryview(content)):
            if number == GRAPH:
                weights.update(_weights(value))
            elif number == FACTS:
                pair = dict(_fields(value))
                facts[str(pair[1], "utf-8")] = str(pair.get(2, b""), "utf-8")
    except (IndexError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise ValueError("no ONNX file") from error
    return weights, facts


def _weights(graph: memoryview) -> Iterator[tuple[str, NDArray[Any]]]:
    for number, value in _fields(graph):
        if number == INITIALIZER:
            tensor = list(_fields(value))
            one = dict(tensor)
            if one.get(DATA_TYPE) in DTYPES:
                yield str(one[NAME], "utf-8"), _values(tensor, one)


def _values(tensor: list[tuple[int, Any]], one: dict[int, Any]) -> NDArray[Any]:
    shape = [size for number, value in tensor if number == DIMENSIONS for size in _numbers(value)]
    dtype = DTYPES[one[DATA_TYPE]]
    packed = one.get(RAW, one.get(FLOATS))
    if packed is not None:
        return np.frombuffer(packed, dtype).reshape(shape)
    return np.array(list(_numbers(one.get(INTEGERS, b"")))).astype(dtype).reshape(shape)


def _numbers(value: Any) -> Iterator[int]:
    """A number alone, or several that are packed."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = _number(value, at)
        yield number


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _number(message, at)
            yield key >> 3, value
            continue
        length = {1: 8, 5: 4}.get(kind, 0)
        if kind == 2:
            length, at = _number(message, at)
        elif not length:
            raise ValueError("no ONNX file")
        if at + length > len(message):
            raise ValueError("no ONNX file")
        yield key >> 3, message[at : at + length]
        at += length


def _number(message: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
        if shift > LONGEST_NUMBER_BITS:
            raise ValueError("no ONNX file")
