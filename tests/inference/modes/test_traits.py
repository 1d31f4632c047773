"""What faces know of the modes before torch is there."""

import inspect
from dataclasses import fields

import pytest

import distill
from distill.inference.modes.request import SETTING_OPTIONS, ModeSettings
from distill.inference.modes.traits import SOURCE_OPTIONS, TRAITS, traits_of


def test_every_option_is_an_argument_of_generate() -> None:
    arguments = set(inspect.signature(distill.generate).parameters)
    numbers = {field.name for field in fields(ModeSettings)} - {"kind", "source", "source_hash"}
    assert set(SETTING_OPTIONS) == numbers <= arguments
    for mode in TRAITS.values():
        assert set(mode.settings) <= numbers
        assert not mode.option or mode.argument in arguments


def test_sources_are_named_by_their_modes() -> None:
    assert set(SOURCE_OPTIONS) == {"continue_from", "variation_of", "infill"}
    assert traits_of(ModeSettings()).argument == ""
    with pytest.raises(ValueError, match="backwards"):
        traits_of(ModeSettings("backwards"))
