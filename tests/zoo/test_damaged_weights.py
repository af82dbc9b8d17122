"""Damaged model files: each is loaded, or refused in one line."""

from __future__ import annotations

import random

import pytest

import zoo
from zoo import saving
from zoo.errors import ZooError

FILES = 60


@pytest.mark.slow
def test_a_damaged_model_file_is_loaded_or_refused_in_one_line(tmp_path):
    zoo.save(zoo.create("unet3", "tiny"), tmp_path / "whole.keras", {"training": {}})
    whole = (tmp_path / "whole.keras").read_bytes()
    chance = random.Random(14)
    path, refused = tmp_path / "broken.keras", 0
    for number in range(FILES):
        content = bytearray(whole)
        # Half of the damage goes to the archive's directory at the end.
        place = chance.randrange(len(whole)) if number % 2 else len(whole) - chance.randrange(1, 1500)
        if number % 3:
            for _ in range(8):
                content[min(place + chance.randrange(60), len(whole) - 1)] = chance.randrange(256)
        else:
            del content[place:]
        path.write_bytes(content)
        try:
            saving.read_name(path)
            saving.read_notes(path)
            saving.load(path)
        except ZooError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > FILES // 2
