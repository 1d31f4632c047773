"""The corpus of a codec training."""

from pathlib import Path

import numpy as np

from distill.data.corpus import scan_corpus
from distill.data.dataset import make_manifest, split_by_manifest
from distill.training.codec.corpus import TrainingCorpus, rms_range


def test_clips_come_in_the_order_of_the_manifest(corpus_dir: Path) -> None:
    """A resumed run may find the files in another order; crops are drawn by index."""
    report = scan_corpus(corpus_dir)
    manifest = make_manifest(report.clips)[::-1]
    corpus = TrainingCorpus.from_report(report, manifest)
    assert [clip.content_hash for clip in corpus.clips] == [entry["hash"] for entry in manifest]
    assert [region.clip for region in corpus.split.train] == [
        clip for clip, entry in zip(corpus.clips, manifest, strict=True) if entry["train_until"]
    ]
    assert (corpus.root, corpus.facts.files) == (corpus_dir, 8)
    loudnesses = [clip.loudness for clip in report.clips]
    assert corpus.loudness == np.median(loudnesses)


def test_levels_range_from_the_quietest_to_the_loudest_training_sound(
    corpus_dir: Path,
) -> None:
    """One that is held out does not count, however loud."""
    clips = sorted(scan_corpus(corpus_dir).clips, key=lambda clip: clip.rms_db)
    manifest = [entry | {"train_until": entry["n_samples"]} for entry in make_manifest(clips)]
    manifest[-1]["train_until"] = 0
    split = split_by_manifest(clips, manifest)
    assert [region.clip for region in split.held_out] == clips[-1:]
    assert rms_range(split) == [clips[0].rms_db, clips[-2].rms_db]
    assert clips[-2].rms_db < clips[-1].rms_db
