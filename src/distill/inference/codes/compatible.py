"""Whether codes belong to a codec, or to the codec of other codes."""

from distill.errors import CodebookMismatchError, CodesFileError
from distill.inference.codes.grid import CodeGrid
from distill.models.persistence import LoadedVQModel


def check_belongs(loaded: LoadedVQModel, codes: CodeGrid) -> None:
    """`CodebookMismatchError` for codes of another codec, `CodesFileError` for other levels or
    rates."""
    if codes.codebook_hash != loaded.model.codebook_hash():
        raise CodebookMismatchError(
            f"These codes (of '{codes.source}') were made with another model than {loaded.path}: "
            "decode them with the model that encoded them, or encode the sound again."
        )
    model = loaded.model
    for what, one, other in (
        ("levels", codes.codes.shape[1], min(codes.codes.shape[1], model.num_quantizers)),
        ("codes a level", codes.codebook_size, model.codebook_size),
        ("samples a frame", codes.frame_hop, model.frame_hop),
        ("samples a second", codes.sample_rate, model.sample_rate),
    ):
        if one != other:
            raise CodesFileError(
                f"The codes of '{codes.source}' have {one} {what}, {loaded.path} has {other}: "
                "encode the sound again, or undo the last edit."
            )


def check_same_codec(a: CodeGrid, b: CodeGrid) -> None:
    """`CodebookMismatchError` unless a code means the same in both grids."""
    both = f"The codes of '{a.source}' and '{b.source}'"
    if a.codebook_hash != b.codebook_hash:
        raise CodebookMismatchError(
            f"{both} were made with different models ({a.model_id or 'unnamed'} and {b.model_id or 'unnamed'}): "
            "encode both sounds with the same one."
        )
    for what, one, other in (
        ("levels", a.codes.shape[1], b.codes.shape[1]),
        ("codes a level", a.codebook_size, b.codebook_size),
        ("frames a second", a.frame_rate, b.frame_rate),
        ("samples a second", a.sample_rate, b.sample_rate),
    ):
        if one != other:
            raise CodebookMismatchError(
                f"{both} do not fit together ({one} and {other} {what}): encode both sounds again, with the same model."
            )
