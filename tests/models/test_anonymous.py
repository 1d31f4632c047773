from distill.models.anonymous import recording_names, without_names

CONTENTS = {
    "version": 2,
    "metadata": {
        "name": "kick",
        "corpus": [
            {"name": "drums/kick one.wav", "hash": "ab", "tags": ["drums"]},
            {"name": "a.wav", "hash": "cd"},
        ],
        "muted": [{"name": "hum.flac", "hash": "ef"}],
        "changes": {"added": [{"name": "a.wav", "hash": "cd"}], "removed": []},
        "level_health": [{"name": "Structure", "utilisation": 0.5}],
        "verdict": "All sounds like drums/kick one.wav, or kick one at least.",
    },
    "prior_metadata": {
        "recordings": [{"name": "drums/kick one.wav", "codes": object()}],
        "copy_index": {"encodings": [{"name": "a.wav", "start_s": 0.0}], "passages": []},
        "curation": None,
        "warnings": ["a.wav is long", "nothing"],
        "steering": {"tags": ["drums"]},
    },
}


def test_names_are_found_once_in_all_lists() -> None:
    assert recording_names(CONTENTS) == ["drums/kick one.wav", "a.wav", "hum.flac"]
    assert recording_names({"metadata": {}}) == []


def test_a_number_stands_for_each_name_everywhere() -> None:
    contents = without_names(CONTENTS)
    metadata, prior = contents["metadata"], contents["prior_metadata"]
    assert [entry["name"] for entry in metadata["corpus"]] == ["recording-0001", "recording-0002"]
    assert metadata["muted"][0] == {"name": "recording-0003", "hash": "ef"}
    assert metadata["changes"]["added"][0]["name"] == "recording-0002"
    assert prior["recordings"][0]["name"] == "recording-0001"
    assert prior["copy_index"]["encodings"][0] == {"name": "recording-0002", "start_s": 0.0}
    assert metadata["verdict"] == "All sounds like recording-0001, or recording-0001 at least."
    assert prior["warnings"] == ["recording-0002 is long", "nothing"]


def test_what_is_no_name_stays() -> None:
    contents = without_names(CONTENTS)
    assert contents["metadata"]["name"] == "kick"
    assert contents["metadata"]["level_health"] == CONTENTS["metadata"]["level_health"]  # type: ignore[index]
    assert contents["prior_metadata"]["steering"] == {"tags": ["drums"]}
    codes = CONTENTS["prior_metadata"]["recordings"][0]["codes"]  # type: ignore[index]
    assert contents["prior_metadata"]["recordings"][0]["codes"] is codes
    assert CONTENTS["metadata"]["corpus"][0]["name"] == "drums/kick one.wav"  # type: ignore[index]
