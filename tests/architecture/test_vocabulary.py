"""Neutral words: a child is never a danger, an offence's consequence or a thing that was found."""

import re

import pytest
from source import PACKAGES, REPOSITORY

AVOID = (
    r"intergenerational (offending|crime)",
    r"cycle of (crime|offending)",
    r"break\w* the cycle",
    r"future offender",
    r"criminal in waiting|mini criminal",
    r"apple doesn.t fall",
    r"at[- ]risk[- ]of[- ]offending",
    r"collateral convict",
    r"\boffend(er|ers|ing)\b(?! management statistics)",
    r"\bincarcerat\w*",
    r"\binmates?\b",
    r"\bvictims?\b",
    r"broken famil",
    r"absent parent",
    r"\babandon(ed|s)? (by|child|famil)",
    r"\bACE score",
    r"\bhits?\b",
    r"\bflagged\b",
    r"\b(target|subject|track)(s|ed)?[ -](child|famil|parent|person|people)",
    r"\b(child|children|family|families) (is|are|was|were) (a )?(target|subject|tracked|marked|suspect)",
    r"watch-?list",
    r"(risk|danger|threat) (of|to|from|posed by) (a |the |this |each )?child(ren)?\b(?!'s)",
    r"risk the child",
    r"(child|children) at risk",
    r"register of (children|families|parents|prisoners)",
)
PATTERN = re.compile("|".join(f"(?:{word})" for word in AVOID), re.IGNORECASE)
PLACES = (*PACKAGES, "docs", "infra", "tests")
ENDINGS = {".py", ".md", ".json", ".html", ".toml", ".yaml"}
QUOTES = {"tests/architecture/test_vocabulary.py", "tests/unit/parties/test_referrals_documents.py"}  # lists of such words themselves
AVOIDED_HEADING = re.compile(r"^(#+) [^\n]*\bavoid\b[^\n]*\n.*?(?=^#{1,6} |\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)


def texts():
    """Return every text that people may read: path → content, without a glossary's own list of words to avoid."""
    files = [path for place in PLACES for path in sorted((REPOSITORY / place).rglob("*")) if path.suffix in ENDINGS]
    files += [path for path in sorted(REPOSITORY.iterdir()) if path.is_file() and (path.suffix in ENDINGS or path.name == "Makefile")]
    named = {path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8") for path in files}
    return {name: AVOIDED_HEADING.sub("", text) if name.endswith(".md") else text for name, text in named.items() if name not in QUOTES}


def found(text):
    """Return the lines of `text` that use a word to avoid, by number."""
    return {number: PATTERN.search(line)[0] for number, line in enumerate(text.splitlines(), start=1) if PATTERN.search(line)}


def test_no_text_uses_a_word_to_avoid():
    read = texts()
    assert {"README.md", "flows/commands/demo.py", "parties/referrals/wording.py"} <= set(read)
    assert {name: lines for name, text in read.items() if (lines := found(text))} == {}


@pytest.mark.parametrize(
    "text", ["An inmate's child", "the flagged record", "a hit", "break the cycle", "the tracked child", "a register of children"]
)
def test_a_word_to_avoid_is_found(text):
    assert found(text)


@pytest.mark.parametrize(
    "text", ["without a national register", "make's targets", "white space", "Offender management statistics quarterly"]
)
def test_a_word_in_another_sense_is_not(text):
    assert not found(text)


OF_THE_REASON = re.compile(
    r"custod|prison|police|\bforces?\b|offen[cd]|sentence|referr|review|finding|theta|convict|\bparent", re.IGNORECASE
)


def test_what_people_read_who_answer_questions_has_no_word_of_why():
    from flows.commands.questions import questions
    from schemas.extracts import load_answer_rules

    page = (REPOSITORY / "docs/how-to/answer-questions.md").read_text(encoding="utf-8")
    header = " ".join(load_answer_rules().files["answers"].header)
    for text in (page, questions.__doc__, header):
        assert OF_THE_REASON.findall(text) == []


def test_a_glossary_may_list_the_words_we_avoid():
    assert found(AVOIDED_HEADING.sub("", "# Glossary\n\n## Words we avoid\n\ninmate\n\n## More\n\nvictim\n")) == {5: "victim"}
