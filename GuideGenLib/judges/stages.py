"""The stages that make what `guidegen evaluate` judges with: no part of a bundle, and not in `all`."""

from pathlib import Path

from torch import Tensor

from GuideGenLib.data.cases import DataError
from GuideGenLib.data.notes import CASES, HELD_OUT, VALIDATION, read_notes
from GuideGenLib.data.scans import labelled_names, load_labelled
from GuideGenLib.judges.ceilings import UNSEEN, read_about, write_ceilings
from GuideGenLib.judges.classifiers_training import SCORES, learned, measured, read_config, told_scans, write_scores
from GuideGenLib.judges.folder import PLAIN_CODEC, load_judges, write_judges
from GuideGenLib.judges.segmenter import SPACING as SEGMENTER_SPACING
from GuideGenLib.judges.segmenter import Segmenter, judge_config
from GuideGenLib.judges.segmenter_people import unrelated, write_anatomies
from GuideGenLib.judges.segmenter_training import finished_weights, train_segmenter
from GuideGenLib.population.people import read_people
from GuideGenLib.training import assemble
from GuideGenLib.training.inputs import materials_of
from GuideGenLib.training.job import Job, Stage, bases_of, say, store_of, tenths, torso_of
from GuideGenLib.training.loop.checkpoint import averaged_state, steps_done
from GuideGenLib.training.loop.processes import first_process_first, process_rank
from GuideGenLib.training.networks.codec import linear_loss, train_codec, with_new_decoder
from GuideGenLib.training.sizes import codec_arguments

SEGMENTER, CLASSIFIERS = "segmenter", "classifiers"


def segmenter(job: Job) -> None:
    """The segmenter that judges generated CTs, and its score on the labelled scan that is held out."""
    with first_process_first():
        scans = load_labelled(job.data, job.cache, spacing=SEGMENTER_SPACING)
        name = job.hold_out or _held_out_scan(job.data)
        held_out = load_labelled(job.data, job.cache, [name], SEGMENTER_SPACING)[0]
        count = job.anatomies + UNSEEN
        source = unrelated(bases_of(job, tenths()), torso_of(job).sources, name)
        people = write_anatomies(source, count, job.run / "anatomies", job.seed, job.threads, tenths())
    people, others = people[: job.anatomies], people[job.anatomies :]
    seen = [scan for scan in scans if scan.name != name]
    say(f"segmenter: {len(people)} anatomies, scans {', '.join(scan.name for scan in seen) or 'none'}")
    job.seed_torch()
    folder, begun = job.run / SEGMENTER, _begun_with(job)
    train_segmenter(people, seen, folder, steps=job.steps, minutes=job.minutes, seed=job.seed, initial=begun, log=say)
    if process_rank()[0] == 0:
        judge = Segmenter.load(finished_weights(averaged_state(folder), begun), judge_config().to_json())
        told = {
            "steps": steps_done(folder),
            "seed": job.seed,
            "anatomies": len(people),
            "scans": [scan.name for scan in seen],
            "begun_with": begun is not None,
        }
        write_ceilings(judge, held_out, others, folder, told, log=say)


def _begun_with(job: Job) -> dict[str, Tensor] | None:
    """The weights of the judges that the training begins with, where any were named."""
    return None if job.initial is None else load_judges(job.initial, "cpu").segmenter.network.state_dict()


def _held_out_scan(data: Path) -> str:
    """The labelled scan to be scored on that cases.csv holds out. Raises DataError where there is none."""
    names = labelled_names(data, HELD_OUT) or labelled_names(data, VALIDATION)
    if not names:
        raise DataError(
            f"{data} has no labelled scan to score the segmenter on",
            f"name one with --hold-out, or give one the split {HELD_OUT} or {VALIDATION} in its {CASES}",
        )
    return names[0]


def classifiers(job: Job) -> None:
    """What tells sex and age, learned from people of whom they are known, and its scores on each that is left out."""
    if process_rank()[0] > 0:
        return
    store, run = store_of(job), job.run / SEGMENTER
    judge = Segmenter.load(read_about(run)[0], judge_config().to_json()) if steps_done(run) else load_judges().segmenter
    notes = read_notes(store.folder)
    people = measured(told_scans(store, notes), read_people(store, notes), judge)
    folder = job.run / CLASSIFIERS
    folder.mkdir(parents=True, exist_ok=True)
    write_scores(learned(people, judge), folder, people, log=say)


def plain_codec(job: Job) -> None:
    """The bundle's codec with a decoder that was trained anew without HDR means; its encoder stays as it is.

    So latents, and with them the networks that make them, stay valid. As many steps as the bundled decoder had.
    """
    shipped = averaged_state(assemble.codec_run(job.run))
    labels = codec_arguments(shipped)["labels"]
    materials, validation = materials_of(job), materials_of(job, VALIDATION)
    job.seed_torch()
    train_codec(
        materials,
        job.run / PLAIN_CODEC,
        job.sizes("codec"),
        labels=labels,
        validation=validation,
        seed=job.seed,
        decoder_only=True,
        initial=with_new_decoder(shipped, labels),
        loss=linear_loss,
        log=say,
    )


def judges(job: Job) -> None:
    """The folder that `guidegen evaluate` reads: the segmenter, and classifiers and plain codec if they are trained."""
    if process_rank()[0] > 0:
        return
    people = job.run / CLASSIFIERS
    found = read_config(people) if (people / SCORES).is_file() else None
    steps = steps_done(job.run / PLAIN_CODEC)
    plain = (averaged_state(job.run / PLAIN_CODEC), {"steps": steps}) if steps else None
    made = write_judges(job.target, *read_about(job.run / SEGMENTER), found, plain)
    held = [f"{Path(name).stem} {entry['bytes'] / 1e6:.1f} MB" for name, entry in made.about["files"].items()]
    say(f"judges: {job.target} with {', '.join(held)}")


JUDGE_STAGES = {
    "segmenter": Stage(segmenter, 1500, "the segmenter that judges generated CTs"),
    "classifiers": Stage(classifiers, 0, "the classifiers of sex and age that judge generated CTs"),
    "plain-codec": Stage(plain_codec, 1650, "the decoder without HDR loss, for the ablations"),
    "judges": Stage(judges, 0, "what was trained of them as a folder"),
}
