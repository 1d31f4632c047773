import threading

import pytest
import torch

from distill.cancellation import cancellable
from distill.errors import CancelledError
from distill.models.cancel_points import cancel_points


def _softened(x: torch.Tensor, event: threading.Event | None = None) -> torch.Tensor:
    layer = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    layer.load_state_dict({key: torch.ones_like(v) / 9 for key, v in layer.state_dict().items()})
    with torch.inference_mode(), cancel_points():
        y: torch.Tensor = layer(x, x, x)[0]
        if event is not None:
            event.set()
        return y.softmax(-1)


def test_torch_is_left_at_the_next_call() -> None:
    event = threading.Event()
    with cancellable(event), pytest.raises(CancelledError):
        _softened(torch.ones(1, 4, 8), event)


def test_what_is_not_left_has_the_same_bits() -> None:
    x = torch.linspace(-1, 1, 32).reshape(1, 4, 8)
    expected = _softened(x)
    with cancellable(threading.Event()):
        assert torch.equal(_softened(x), expected)
    event = threading.Event()
    # Nobody can ask for it here.
    assert torch.equal(_softened(x, event), expected)
