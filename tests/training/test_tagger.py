"""What the tagger is made of: a checkpoint read without TensorFlow, and its ONNX file."""

import struct

import numpy as np
import pytest

from spa2v_core.errors import InputError
from spa2v_core.training.tagger.bundle import read_bundle
from spa2v_core.training.tagger.export import LARGE, shrink_weights


def number(value):
    """A base-128 number."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def block(entries, compression=0):
    """(a block of a LevelDB table with keys that share prefixes, its size without the trailer)."""
    data, last = b"", b""
    for key, value in entries:
        shared = next((k for k, (a, b) in enumerate(zip(key, last, strict=False)) if a != b), 0)
        own = key[shared:]
        data += number(shared) + number(len(own)) + number(len(value)) + own + value
        last = key
    data += struct.pack("<II", 0, 1)
    return data + bytes([compression]) + b"crc!", len(data)


def field(tag, kind, value):
    return number(tag << 3 | kind) + value


def entry(values, first):
    """The entry of a variable: its type, shape, place and checksum."""
    sizes = b"".join(field(2, 2, number(len(d)) + d) for d in dims(values.shape))
    shape = field(2, 2, number(len(sizes)) + sizes)
    kind = 1 if values.dtype == np.float32 else 3
    return (
        field(1, 0, number(kind)) + shape + field(4, 0, number(first))
        + field(5, 0, number(values.nbytes)) + field(6, 5, b"\0\1\2\3")
    )  # fmt: skip


def dims(shape):
    return [field(1, 0, number(size)) for size in shape]


def write_bundle(folder, variables, compression=0):
    data, entries = b"", [(b"", field(1, 0, number(1)))]
    for name, values in sorted(variables.items()):
        entries.append((name.encode(), entry(values, len(data))))
        data += values.tobytes()
    first, size = block(entries, compression)
    handle = number(0) + number(size)
    index, index_size = block([(b"~", handle)])
    footer = number(0) + number(0) + number(len(first)) + number(index_size)
    (folder / "variables.index").write_bytes(first + index + footer.ljust(48, b"\0"))
    (folder / "variables.data-00000-of-00001").write_bytes(data)


VARIABLES = {
    "layer-1/kernel": np.arange(300, dtype=np.float32).reshape(3, 4, 25),
    "layer-1/bias": np.float32([1.5, -2.0]),
    "layer-2/scale": np.array(0.25, np.float32),
    "step": np.array([7], np.int32),
}


def test_a_checkpoint_is_read_without_tensorflow(tmp_path):
    write_bundle(tmp_path, VARIABLES)
    found = read_bundle(tmp_path)
    assert set(found) == {"layer-1/kernel", "layer-1/bias", "layer-2/scale"}, "floats alone"
    for name, values in found.items():
        assert values.dtype == np.float32
        assert np.array_equal(values, VARIABLES[name])
        assert values.shape == VARIABLES[name].shape


def test_a_compressed_index_is_refused(tmp_path):
    write_bundle(tmp_path, VARIABLES, compression=1)
    with pytest.raises(InputError, match="compressed"):
        read_bundle(tmp_path)


def test_large_weights_are_halved_and_cast_back_when_loaded(tmp_path):
    import onnxruntime
    import torch

    torch.manual_seed(0)
    network = torch.nn.Linear(50, 40)
    path, rows = tmp_path / "network.onnx", torch.randn(3, 50)
    torch.onnx.export(network, (rows,), str(path), input_names=["x"], dynamo=False)
    before = path.stat().st_size
    assert network.weight.numel() >= LARGE > network.bias.numel()
    shrink_weights(path)
    assert path.stat().st_size < 0.6 * before
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {"x": rows.numpy()})
    assert made.dtype == np.float32
    assert made == pytest.approx(network(rows).detach().numpy(), abs=2e-3)
