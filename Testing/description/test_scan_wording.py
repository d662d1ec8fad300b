"""What is said of a scan is what the training said."""

from GuideGenLib.description import parse
from GuideGenLib.description.scan_wording import scan_sentence, scan_sentences


def test_the_sentence_of_a_description_is_one_of_the_training() -> None:
    for text, sex in (("A 61 year old man with a lung tumor.", "male"), ("An obese woman.", "female"), ("A CT.", None)):
        for phase in ("none", "arterial", "portal_venous", "delayed"):
            sentence = scan_sentence(parse(text).sex, phase)
            assert sentence in scan_sentences(phase, sex, None)
            assert (sex is None) == (" man" not in sentence and "woman" not in sentence)


def test_what_differs_in_other_words_alone_is_told_alike() -> None:
    one, other = (parse(f"A man with a {size} cm liver tumor.") for size in (2, 5))
    sentences = {scan_sentence(patient.sex, "arterial") for patient in (one, other)}
    assert sentences == {"Arterial phase CT of a man."}
