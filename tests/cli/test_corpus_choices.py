"""Choices about the files of a corpus, in words."""

from distill.cli.corpus_choices import names_text


def test_one_file_has_its_name_and_several_their_number() -> None:
    assert names_text({"a": "kick.wav"}) == "kick.wav"
    assert names_text({"a": "kick.wav", "b": "rain.wav"}) == "2 files (kick.wav …)"
