"""Optimiser of the codec: Muon for the matrices between hidden layers, AdamW for all else.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") brings the
momentum of a matrix to equal singular values before each step. A codec trained on little sound for
minutes then takes about a third of the steps that it takes with AdamW alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from distill.models.vqvae import VQVAE
from distill.training.checkpoint import load_optimizer

# Coefficients (a, b, c) of three iterations `x (a + b x'x + c (x'x)²)` towards singular values of 1
# (Amsel et al. 2025, "The polar express", table 1).
POLAR_EXPRESS = (
    (8.287212, -23.595887, 17.300387),
    (4.107059, -2.947850, 0.544843),
    (3.948691, -2.908902, 0.551819),
)

# Muon's learning rate relative to AdamW's.
MUON_RATE = 20.0

# Momentum of Muon, and decay of its weights per unit of learning rate: the usual values.
MUON_MOMENTUM = 0.95
WEIGHT_DECAY = 0.01

# Rows of a wide matrix that are made orthogonal at a time. Blocks take a seventh of the time of the
# whole, and do as well in short trainings (compare Khaled et al. 2025, MuonBP).
BLOCK_ROWS = 64

# Learning rate of the vectors of remembered frames relative to AdamW's: each occurs once in tens or
# hundreds of steps. They do not decay, since decay would count every step.
MEMORY_RATE = 40.0

# Steps between two moves of Muon. Orthogonalising takes time: one step twice as long every second
# time does nearly as well.
EVERY = 2

# Decay rates of AdamW's two moments: short, for short trainings.
ADAMW_BETAS = (0.8, 0.95)

# Factor of the norm that a matrix is divided by: rounding must not leave a singular value above 1.
_NORM_MARGIN = 1.01

# Lower bound of that norm, for matrices of zeros.
_TINY = 1e-12


def orthogonalise(matrices: Tensor) -> Tensor:
    """Bring all singular values near 1 (polar decomposition by polynomials).

    The iteration runs on products of rows, `[rows, rows]`, which all commute (Newton-Schulz in Gram
    form). In bfloat16 they would lose the small singular values, and diverge.

    Args:
        matrices: `[n, rows, columns]` with `rows <= columns`. Where `rows` is a multiple of
            `BLOCK_ROWS`, each block of `BLOCK_ROWS` rows is made orthogonal alone.

    Returns:
        `[n, rows, columns]`
    """
    n, rows, columns = matrices.shape
    block = rows if rows % BLOCK_ROWS else BLOCK_ROWS
    x = matrices.reshape(-1, block, columns)
    gram = x @ x.mT
    # The trace of the Gram matrix is the squared Frobenius norm, which bounds the singular values.
    trace = gram.diagonal(dim1=1, dim2=2).sum(-1)[:, None, None]
    size = _NORM_MARGIN * trace.sqrt().clamp(min=_TINY)
    gram = gram / size**2

    factors: list[Tensor] = []
    for a, b, c in POLAR_EXPRESS:
        if factors:
            gram = factors[-1] @ gram @ factors[-1]
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=1, dim2=2).add_(a)
        factors.append(factor)
    return ((reduce(torch.matmul, factors) / size) @ x).reshape(n, rows, columns)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised. Of `EVERY` calls of `step`, the last moves the weights.

    Args:
        params: Matrices.
        lr: Learning rate.
        momentum: Share of the momentum that stays at each step.
        weight_decay: Relative decay of the weights per unit of learning rate.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = MUON_MOMENTUM,
        weight_decay: float = WEIGHT_DECAY,
    ) -> None:
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "calls": 0}
        super().__init__(list(params), settings)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Add the gradients to the momentum; every second time, moves the weights."""
        for group in self.param_groups:
            group["calls"] += 1
            for parameter in group["params"]:
                self._momentum(parameter).lerp_(parameter.grad, 1 - group["momentum"])
            if group["calls"] % EVERY == 0:
                self._move(group)

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum"]
        return momentum

    def _move(self, group: dict[str, Any]) -> None:
        by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
        for parameter in group["params"]:
            by_shape[parameter.shape].append(parameter)

        rate = EVERY * group["lr"]
        for parameters in by_shape.values():
            for some in _batches(parameters):
                self._move_alike(some, group, rate)

    def _move_alike(self, parameters: list[Tensor], group: dict[str, Any], rate: float) -> None:
        """Move matrices of one shape."""
        rows, columns = parameters[0].shape
        updates = parameters[0].new_empty(len(parameters), rows, columns)
        for parameter, update in zip(parameters, updates, strict=True):
            momentum = self._momentum(parameter)
            update.copy_(parameter.grad).lerp_(momentum, group["momentum"])
        is_tall = rows > columns
        directions = orthogonalise(updates.mT if is_tall else updates)
        if is_tall:
            directions = directions.mT

        # A tall matrix takes a longer step, so that its outputs change as much as a square one's.
        size = rate * max(1.0, rows / columns) ** 0.5
        for parameter, direction in zip(parameters, directions, strict=True):
            parameter.mul_(1 - rate * group["weight_decay"]).add_(direction, alpha=-size)


def _batches(parameters: list[Tensor]) -> list[list[Tensor]]:
    """Matrices that go through one batched product.

    On a CPU each goes alone: a matrix stays in the processor's cache, and several do not.
    """
    if parameters[0].device.type == "cpu":
        return [[parameter] for parameter in parameters]
    return [parameters]


class CodecOptimizer:
    """Both optimisers of a codec as one.

    Args:
        codec: Its parameters are optimised.
        learning_rate: Of AdamW; Muon's follows from it.
    """

    def __init__(self, codec: VQVAE, learning_rate: float) -> None:
        matrices = hidden_matrices(codec)
        memory = [] if codec.memory is None else [codec.memory.vectors]
        elsewhere = {id(parameter) for parameter in (*matrices, *memory)}
        others = [parameter for parameter in codec.parameters() if id(parameter) not in elsewhere]
        groups = [
            {"params": others, "scale": 1.0},
            {"params": memory, "scale": MEMORY_RATE, "weight_decay": 0.0},
        ]
        self.muon = Muon(matrices, learning_rate)
        self.adamw = torch.optim.AdamW(
            groups, betas=ADAMW_BETAS, weight_decay=WEIGHT_DECAY, fused=True
        )
        self.set_rate(learning_rate)

    def set_rate(self, learning_rate: float) -> None:
        """Set the learning rate of every group; `learning_rate` is AdamW's."""
        for group in self.muon.param_groups:
            group["lr"] = MUON_RATE * learning_rate
        for group in self.adamw.param_groups:
            group["lr"] = group["scale"] * learning_rate

    def zero_grad(self) -> None:
        """Drop all gradients."""
        self.muon.zero_grad(set_to_none=True)
        self.adamw.zero_grad(set_to_none=True)

    def step(self) -> None:
        """One step of both optimisers."""
        self.muon.step()
        self.adamw.step()

    def forget(self) -> None:
        """Drop momentum and all other state, as before the first step."""
        for group in self.muon.param_groups:
            group["calls"] = 0
        self.muon.state.clear()
        self.adamw.state.clear()

    def state_dict(self) -> dict[str, Any]:
        """State of both, for `load_state_dict`."""
        return {"muon": self.muon.state_dict(), "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        load_optimizer(self.muon, state["muon"])
        load_optimizer(self.adamw, state["adamw"])


def hidden_matrices(codec: VQVAE) -> list[Tensor]:
    """Weights `[out, in]` of the linear layers inside the decoder's blocks."""
    modules = codec.decoder.modules()
    return [module.weight for module in modules if isinstance(module, nn.Linear)]
