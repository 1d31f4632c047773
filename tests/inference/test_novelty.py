import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.inference.novelty import longest_run, longest_shared_run


@given(a=st.lists(st.integers(0, 2), max_size=12), b=st.lists(st.integers(0, 2), max_size=12))
def test_longest_run_is_the_longest_common_stretch(a: list[int], b: list[int]) -> None:
    length, i, j = longest_run(np.array(a, int), np.array(b, int))
    assert a[i : i + length] == b[j : j + length]
    stretches = {tuple(a[x:y]) for x in range(len(a)) for y in range(x + 1, len(a) + 1)}
    common = [s for s in stretches if any(tuple(b[k : k + len(s)]) == s for k in range(len(b)))]
    assert length == max(map(len, common), default=0)


def test_a_planted_passage_is_found_with_file_and_time() -> None:
    rng = np.random.default_rng(0)
    corpus = [
        {"name": f"{i}.wav", "start_s": 1.0, "codes": torch.tensor(rng.integers(0, 64, (200, 4)))} for i in range(3)
    ]
    output = rng.integers(0, 64, (100, 4))
    output[30:70] = corpus[1]["codes"][120:160].numpy()
    run = longest_shared_run(output, corpus, 64, 50.0)
    assert run is not None
    assert (run.source, run.seconds, run.output_s, run.source_s) == ("1.wav", 0.8, 0.6, 1.0 + 2.4)


def test_nothing_shared_is_none() -> None:
    corpus = [{"name": "a", "start_s": 0.0, "codes": torch.zeros(5, 2, dtype=torch.uint8)}]
    assert longest_shared_run(np.ones((4, 2), int), corpus, 8, 50.0) is None
