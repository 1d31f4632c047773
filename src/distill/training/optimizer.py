"""Muon for the matrices between hidden layers (Jordan et al. 2024), AdamW for all else.

Muon brings the momentum of a matrix to equal singular values before each step. A codec trained on little sound for
minutes then takes about a third of the steps that it takes with AdamW alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from distill.models.vqvae import VQVAE

POLAR_EXPRESS = ((8.287212, -23.595887, 17.300387), (4.107059, -2.947850, 0.544843), (3.948691, -2.908902, 0.551819))
"""Polynomials of three iterations towards singular values of 1 (Amsel et al. 2025, table 1)."""

MUON_RATE = 20.0
"""Muon's learning rate relative to AdamW's."""

EVERY = 2
"""Orthogonalising takes as long as the rest of a step: one twice as long every second step does nearly as well."""


def orthogonalise(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """`matrices` `[n, rows, columns]`, `rows <= columns`, with all singular values brought near 1, in float32."""
    norm = matrices.norm(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    x = (matrices / (1.01 * norm)).to(dtype)
    for a, b, c in POLAR_EXPRESS:
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.float()


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised in `dtype`. Of `EVERY` calls of `step` the last moves the weights."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(list(params), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "calls": 0})
        self.dtype = dtype

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
            ahead = torch.stack([p.grad.lerp(self._momentum(p), group["momentum"]) for p in params])  # type: ignore[union-attr]
            tall = rows > columns
            directions = orthogonalise(ahead.mT if tall else ahead, self.dtype)
            # A tall matrix takes a longer step, so that its outputs change as much as a square one's.
            size = rate * max(1.0, rows / columns) ** 0.5
            for p, direction in zip(params, directions.mT if tall else directions, strict=True):
                p.mul_(1 - rate * group["weight_decay"]).add_(direction, alpha=-size)


class CodecOptimizer:
    """Both optimisers of a codec as one; `learning_rate` is AdamW's, Muon's follows from it."""

    def __init__(self, model: VQVAE, learning_rate: float) -> None:
        hidden = {id(p) for p in hidden_matrices(model)}
        others = [p for p in model.parameters() if id(p) not in hidden]
        dtype = torch.bfloat16 if model.half_precision else torch.float32
        self.muon = Muon(hidden_matrices(model), MUON_RATE * learning_rate, dtype=dtype)
        self.adamw = torch.optim.AdamW(others, lr=learning_rate, betas=(0.8, 0.95), weight_decay=0.01, fused=True)

    def set_rate(self, learning_rate: float) -> None:
        for optimizer, scale in ((self.muon, MUON_RATE), (self.adamw, 1.0)):
            for group in optimizer.param_groups:
                group["lr"] = scale * learning_rate

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
