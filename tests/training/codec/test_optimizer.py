"""Muon and AdamW as one."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.codec.optimizer import (
    BLOCK_ROWS,
    EVERY,
    MEMORY_RATE,
    MUON_RATE,
    CodecOptimizer,
    Muon,
    hidden_matrices,
    orthogonalise,
)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


KNOWN = torch.arange(8).view(2, 4, 1).expand(2, 4, 2)


def codec(layers: int = 2) -> VQVAE:
    torch.manual_seed(0)
    small = {"codebook_size": 8, "num_quantizers": 2, "hidden_size": 16, "latent_dim": 4}
    parts = {"memory_frames": 8, "memory_width": 4, "oscillators": True}
    model = VQVAE(SAMPLE_RATE, decoder_layers=layers, **parts, **small)
    model.memory.fit(KNOWN[0])
    return model


def descend(model: VQVAE, optimizer: CodecOptimizer, step: int) -> None:
    """One step of a loss that all weights have a part in."""
    spectrum = model.spectrum(draw(2, 4, 4, seed=step), model.recall(KNOWN))
    optimizer.zero_grad()
    sum(part.square().mean() for part in spectrum).backward()
    optimizer.step()


@pytest.mark.parametrize("shape", [(32, 96), (64, 64), (1, 7)], ids=["wide", "square", "row"])
def test_singular_values_are_brought_near_1(shape: tuple[int, int]) -> None:
    """However large the matrix, and for all but those that are next to nothing beside the
    others."""
    matrices = torch.stack([1e-4 * draw(*shape, seed=1), 100 * draw(*shape, seed=2)])
    directions = orthogonalise(matrices)
    before, after = torch.linalg.svdvals(matrices), torch.linalg.svdvals(directions)
    large = before > 0.01 * before.norm(dim=1, keepdim=True)
    assert large.float().mean() > 0.9
    assert after[large].min() > 0.15
    assert after.max() < 1.95


def test_singular_vectors_stay() -> None:
    matrix = draw(1, 16, 40)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    result = left.mT @ orthogonalise(matrix) @ right.mT
    assert torch.allclose(result, torch.diag_embed(result.diagonal(dim1=1, dim2=2)), atol=1e-4)
    assert (result.diagonal(dim1=1, dim2=2) > 0).all()


def test_many_rows_are_made_orthogonal_in_blocks() -> None:
    """Each block as it would be by itself."""
    matrices = draw(2, 2 * BLOCK_ROWS, 300)
    blocks = orthogonalise(matrices.reshape(4, BLOCK_ROWS, 300)).reshape_as(matrices)
    assert torch.equal(orthogonalise(matrices), blocks)


def test_no_gradient_is_no_direction() -> None:
    assert not orthogonalise(torch.zeros(2, 4, 8)).any()


@pytest.mark.parametrize("shape", [(24, 8), (8, 24), (16, 16)], ids=["tall", "wide", "square"])
def test_least_squares(shape: tuple[int, int]) -> None:
    """From an ill-conditioned start to next to nothing, with the rate falling as in training."""
    x = draw(200, shape[1]) * torch.logspace(0, -1, shape[1])
    expected = x @ draw(*shape, seed=1).T
    layer = nn.Linear(shape[1], shape[0], bias=False)
    nn.init.zeros_(layer.weight)
    muon = Muon(layer.parameters(), lr=0.1, weight_decay=0.0)
    losses = []
    for step in range(400):
        muon.param_groups[0]["lr"] = 0.1 * (1 - step / 400)
        muon.zero_grad()
        loss = (layer(x) - expected).square().mean()
        losses.append(loss.item())
        loss.backward()
        muon.step()
    assert losses[-1] < 1e-4 * losses[0]


def test_weights_move_at_every_other_call_and_as_far() -> None:
    layer = nn.Linear(8, 8, bias=False)
    muon = Muon(layer.parameters(), lr=0.01, weight_decay=0.0)
    for call in range(1, 4 * EVERY):
        before = layer.weight.detach().clone()
        layer.weight.grad = 10.0**call * draw(8, 8, seed=call)
        muon.step()
        moved = float((layer.weight.detach() - before).square().mean().sqrt())
        # As much as an orthogonal matrix would, whatever the gradient.
        assert moved == pytest.approx(0 if call % EVERY else EVERY * 0.01 / 8**0.5, rel=0.5)


def test_weight_decay_shrinks_what_has_no_gradient() -> None:
    layer = nn.Linear(8, 8, bias=False)
    before = layer.weight.detach().clone()
    muon = Muon(layer.parameters(), lr=0.5, weight_decay=0.1)
    for _ in range(EVERY):
        layer.weight.grad = torch.zeros(8, 8)
        muon.step()
    assert torch.allclose(layer.weight, before * (1 - EVERY * 0.5 * 0.1))


def test_muon_is_for_the_matrices_inside_the_decoder() -> None:
    model = codec(layers=3)
    names = {id(p): name for name, p in model.named_parameters()}
    muon = {names[id(p)] for p in hidden_matrices(model)}
    assert muon == {
        f"decoder.{i}.{layer}.weight" for i in (1, 2, 3) for layer in ("expand", "project")
    }
    optimizer = CodecOptimizer(model, 1e-3)
    groups = [
        p
        for part in (optimizer.muon, optimizer.adamw)
        for group in part.param_groups
        for p in group["params"]
    ]
    assert sorted(map(id, groups)) == sorted(names)


def test_both_rates_follow_one() -> None:
    optimizer = CodecOptimizer(codec(), 1e-3)
    optimizer.set_rate(2e-4)
    assert [group["lr"] for group in optimizer.adamw.param_groups] == [2e-4, MEMORY_RATE * 2e-4]
    assert [p.shape for p in optimizer.adamw.param_groups[1]["params"]] == [(8, 4)]
    assert [group["lr"] for group in optimizer.muon.param_groups] == [MUON_RATE * 2e-4]


def through_a_file(state: dict[str, Any], path: Path) -> dict[str, Any]:
    torch.save(state, path)
    loaded: dict[str, Any] = torch.load(path, weights_only=True)
    return loaded


@pytest.mark.parametrize("stop", [3, 4])
def test_going_on_from_a_state_is_going_on(stop: int, tmp_path: Path) -> None:
    """After an odd and an even number of steps: Muon moves at every other one."""
    whole, first, second = codec(), codec(), codec()
    optimizers = [CodecOptimizer(model, 1e-2) for model in (whole, first, second)]
    for step in range(9):
        descend(whole, optimizers[0], step)
    for step in range(stop):
        descend(first, optimizers[1], step)
    second.load_state_dict(first.state_dict())
    optimizers[2].load_state_dict(through_a_file(optimizers[1].state_dict(), tmp_path / "state.pt"))
    for step in range(stop, 9):
        descend(second, optimizers[2], step)
    state = second.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in whole.state_dict().items())
    assert not torch.equal(whole.decoder[1].expand.weight, codec().decoder[1].expand.weight)


@pytest.mark.parametrize("half", [True, False])
def test_forgetting_is_beginning_anew(half: bool) -> None:
    model, fresh = codec(), codec()
    model.half_precision = fresh.half_precision = half
    optimizer, beginner = CodecOptimizer(model, 1e-2), CodecOptimizer(fresh, 1e-2)
    for step in range(3):
        descend(model, optimizer, step)
    model.load_state_dict(fresh.state_dict())
    optimizer.forget()
    for step in range(3):
        descend(model, optimizer, step)
        descend(fresh, beginner, step)
    state = fresh.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
