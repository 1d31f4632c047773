"""Muon for the matrices between hidden layers (Jordan et al. 2024), AdamW for all else.

Muon brings the momentum of a matrix to equal singular values before each step. A codec trained on
little sound for minutes then takes about a third of the steps that it takes with AdamW alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from distill.models.vqvae import VQVAE

POLAR_EXPRESS = (
    (8.287212, -23.595887, 17.300387),
    (4.107059, -2.947850, 0.544843),
    (3.948691, -2.908902, 0.551819),
)
"""Polynomials of three iterations towards singular values of 1 (Amsel et al. 2025, table 1)."""

MUON_RATE = 20.0
"""Muon's learning rate relative to AdamW's."""

BLOCK_ROWS = 64
"""A wide matrix is made orthogonal this many rows at a time, in a seventh of the time that all of
it takes, and as well as far as short trainings tell (compare Khaled et al. 2025, MuonBP)."""

MEMORY_RATE = 40.0
"""Learning rate of the vectors of remembered frames relative to AdamW's: each is heard once in tens
of steps, or in hundreds. They do not decay either, which would count every step."""

EVERY = 2
"""Orthogonalising takes its time even so: one step twice as long every second time does nearly as
well."""


def orthogonalise(matrices: Tensor) -> Tensor:
    """`matrices` `[n, rows, columns]`, `rows <= columns`, with all singular values brought near 1.

    Of matrices whose rows are a multiple of `BLOCK_ROWS`, the singular values of each block of so
    many. What is iterated are products of rows, `[rows, rows]`: all polynomials of them commute
    (Newton-Schulz in Gram form). In bfloat16 they would lose the small singular values, and
    diverge.
    """
    n, rows, columns = matrices.shape
    x = matrices.reshape(-1, rows if rows % BLOCK_ROWS else BLOCK_ROWS, columns)
    gram = x @ x.mT
    # The trace is the square of the norm.
    size = 1.01 * gram.diagonal(dim1=1, dim2=2).sum(-1)[:, None, None].sqrt().clamp(min=1e-12)
    gram = gram / size**2
    factors: list[Tensor] = []
    for a, b, c in POLAR_EXPRESS:
        if factors:
            gram = factors[-1] @ gram @ factors[-1]
        factors.append(torch.baddbmm(gram, gram, gram, beta=b, alpha=c))
        factors[-1].diagonal(dim1=1, dim2=2).add_(a)
    return ((reduce(torch.matmul, factors) / size) @ x).reshape(n, rows, columns)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised. Of `EVERY` calls of `step` the last moves the weights."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(
            list(params), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "calls": 0}
        )

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            group["calls"] += 1
            for p in group["params"]:
                self._momentum(p).lerp_(p.grad, 1 - group["momentum"])
            if group["calls"] % EVERY == 0:
                self._move(group)

    def _momentum(self, p: Tensor) -> Tensor:
        state = self.state[p]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(p)
        momentum: Tensor = state["momentum"]
        return momentum

    def _move(self, group: dict[str, Any]) -> None:
        by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
        for p in group["params"]:
            by_shape[p.shape].append(p)
        rate = EVERY * group["lr"]
        for (rows, columns), params in by_shape.items():
            ahead = params[0].new_empty(len(params), rows, columns)
            for p, place in zip(params, ahead, strict=True):
                place.copy_(p.grad).lerp_(self._momentum(p), group["momentum"])
            tall = rows > columns
            directions = orthogonalise(ahead.mT if tall else ahead)
            # A tall matrix takes a longer step, so that its outputs change as much as a square
            # one's.
            size = rate * max(1.0, rows / columns) ** 0.5
            for p, direction in zip(params, directions.mT if tall else directions, strict=True):
                p.mul_(1 - rate * group["weight_decay"]).add_(direction, alpha=-size)


class CodecOptimizer:
    """Both optimisers of a codec as one; `learning_rate` is AdamW's, Muon's follows from it."""

    def __init__(self, model: VQVAE, learning_rate: float) -> None:
        remembered = [] if model.memory is None else [model.memory.vectors]
        elsewhere = {id(p) for p in (*hidden_matrices(model), *remembered)}
        others = [p for p in model.parameters() if id(p) not in elsewhere]
        groups = [
            {"params": others, "scale": 1.0},
            {"params": remembered, "scale": MEMORY_RATE, "weight_decay": 0.0},
        ]
        self.muon = Muon(hidden_matrices(model), learning_rate)
        self.adamw = torch.optim.AdamW(groups, betas=(0.8, 0.95), weight_decay=0.01, fused=True)
        self.set_rate(learning_rate)

    def set_rate(self, learning_rate: float) -> None:
        for group in self.muon.param_groups:
            group["lr"] = MUON_RATE * learning_rate
        for group in self.adamw.param_groups:
            group["lr"] = group["scale"] * learning_rate

    def zero_grad(self) -> None:
        self.muon.zero_grad(set_to_none=True)
        self.adamw.zero_grad(set_to_none=True)

    def step(self) -> None:
        self.muon.step()
        self.adamw.step()

    def forget(self) -> None:
        """Drop all memory of gradients."""
        for group in self.muon.param_groups:
            group["calls"] = 0
        self.muon.state.clear()
        self.adamw.state.clear()

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self.muon.state_dict(), "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.muon.load_state_dict(state["muon"])
        self.adamw.load_state_dict(state["adamw"])


def hidden_matrices(model: VQVAE) -> list[Tensor]:
    """Weights of the linear layers inside the decoder's blocks."""
    return [module.weight for module in model.decoder.modules() if isinstance(module, nn.Linear)]
