"""Results folders as tests need them: finished and failed records of made-up scores."""

import numpy as np

from benchmarks.metrics import summary
from benchmarks.records import record, store

IDENTITY = {"model": "atrous", "variant": "tiny", "dataset": "reds", "protocol": "full"}

TRAINING = record.Training(
    dataset="gopro",
    coverage="subset 5/2103",
    profile="quick",
    steps=1800,
    seconds=61.25,
    pairs=3,
    recipe={"batch": 8, "source": "our choice", "ours": ""},
)


def finished(key="0123456789", identity=IDENTITY, scores=None, training=None, evaluation=None, **changes):
    """A finished run with everything that tables and pages show."""
    own = {"coverage": "full", "split": "val", "fingerprint": "aa", "rule": "as they come", "seed": 42}
    sections = {
        "scores": scores or summary.summarise(("000/00000000", "000/00000001"), {"psnr": [25.0, 27.0]}),
        "evaluation": record.Evaluation(**(own | {"precision": "float32"} | (evaluation or {}))),
        "model_facts": record.ModelFacts(parameters=1_234_567, macs_256=3_150_000_000),
        "weights": "trained" if training else "none",
        "training": training,
        "timing": timing(),
        "machine": record.Machine(device="a processor", system="Linux x86_64", python="3.11.7"),
        "versions": {"backend": "tensorflow", "deblur-zoo": "0.1.0"},
    }
    return record.Finished(key=key, **identity, **(sections | changes))


def timing(median=0.5):
    return record.Timing(
        median=median, low=0.4, high=0.6, height=256, width=256, batch=1, warm_up=2, rounds=7, precision="float32"
    )


def failed(error, key="0123456789", **names):
    return record.Failed(key=key, **(IDENTITY | names), error=error)


def put(folder, model="atrous", psnr=25.0, data="full", mark="aa", training=None, **names):
    """Writes a finished record; `names` are data set, protocol and variant."""
    identity = IDENTITY | {"model": model} | names
    if identity["protocol"] == "kohler":
        values = {"kohler_psnr": [psnr], "kohler_mssim": [0.8]}
    else:
        pair = psnr if isinstance(psnr, list) else [psnr, psnr + 2]
        others = {"ssim": [0.5, 0.7], "ssim_matlab3d": [0.6, 0.8], "mse": [0.1, 0.2]}
        values = {"psnr": pair, **{name: np.resize(own, len(pair)).tolist() for name, own in others.items()}}
    images = tuple(f"000/{number:08d}" for number in range(len(next(iter(values.values())))))
    key = record.run_key({"model": model, "psnr": psnr, "mark": mark, "data": data})
    evaluation = {"coverage": data, "fingerprint": mark}
    return store.write(folder, finished(key, identity, summary.summarise(images, values), training, evaluation))


def put_pages(folder, model="refiner", blind=False, mark="aa", **evaluation):
    """Writes the record of a run that read five pages of step 10 and one of step 9."""
    images = ("step10/Times/0001", "step9/Times/0001", *(f"step10/Verdana/000{n}" for n in range(1, 5)))
    values = {"ocr": [100.0, 90.0, 0.0, 50.0, 25.0, 75.0], "ocr_indel": [1.0] * 6}
    identity = {"model": model, "variant": "tiny", "dataset": "hdc", "protocol": "ocr"}
    own = {"coverage": "sample", "split": "test", "fingerprint": mark, "blind": blind, **evaluation}
    scores = summary.summarise(images, values)
    scores = summary.Scores(
        means=scores.means, images=scores.images, values=scores.values, steps={"9": 90.0, "10": 50.0}, stop_step=9
    )
    key = record.run_key({**identity, "mark": mark, "blind": blind, "engine": evaluation.get("engine")})
    return store.write(folder, finished(key, identity, scores, evaluation=own))
