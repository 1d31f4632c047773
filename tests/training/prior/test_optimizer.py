from distill.models.prior import CodePrior
from distill.training.prior.optimizer import (
    FINE_RATE,
    POINTER_RATE,
    prior_optimizer,
    set_learning_rate,
)


def test_every_weight_moves_at_the_rate_of_its_group() -> None:
    prior = CodePrior(8, 24, 3, 16, 1, 2, latent_dim=4, ends_first=True)
    optimizer = prior_optimizer(prior, 1e-3, 0.1)
    set_learning_rate(optimizer, 2e-3)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert len(rates) == sum(len(group["params"]) for group in optimizer.param_groups)
    for name, parameter in prior.named_parameters():
        fine = name.startswith(("heads.1.", "heads.2."))
        scale = POINTER_RATE if name.startswith("pointer.") else FINE_RATE if fine else 1.0
        assert rates[id(parameter)] == scale * 2e-3, name


def test_a_prior_without_a_pointer_has_two_groups() -> None:
    optimizer = prior_optimizer(CodePrior(8, 24, 3, 16, 1, 2), 1e-3, 0.1)
    assert [group["scale"] for group in optimizer.param_groups] == [1.0, FINE_RATE]
    assert all(group["weight_decay"] == 0.1 for group in optimizer.param_groups)
