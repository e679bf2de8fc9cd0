"""Go's regular expressions in Python."""

from __future__ import annotations

import pytest

from kapnb.tick._regex import compile_regex, expand


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"^web\d+$", "web12", True),
        (r"^web\d+$", "web12\n", False),  # Python's $ would match before the newline
        (r"\d", "٣", False),  # Go's classes are ASCII
        (r"\w+", "日本", False),
        (r"(?i)ABC", "xabcx", True),
        (r"a(?i)b(c)", "aBC", True),
        (r"a(?i)b(c)", "ABC", False),
        (r"(?m)^b$", "a\nb\nc", True),
        (r"^b$", "a\nb\nc", False),
        (r"[[:alpha:]]+", "12", False),
        (r"[[:digit:]-]", "-", True),
        (r"\Qa.b\E", "axb", False),
        (r"\Qa.b\E", "a.b", True),
        (r"\x{1F600}", "😀", True),
        (r"\x41", "A", True),
        (r"a{2,3}?", "aa", True),
        (r"(?P<n>a)|b", "b", True),
        (r"[]a]", "]", True),
        (r"[^a]", "a", False),
        (r"a\/b", "a/b", True),
        (r"\bcpu\b", "a cpu b", True),
        (r"(?s)a.b", "a\nb", True),
        (r"a.b", "a\nb", False),
    ],
)
def test_a_pattern_matches_what_go_matches(pattern, text, matches):
    """Matching is not anchored, as in `=~`."""
    assert bool(compile_regex(pattern).search(text)) is matches


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?<!a)", "invalid or unsupported Perl syntax: `(?<!`"),
        ("a++", "invalid nested repetition operator: `+`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        ("[a", "missing closing ]: `[a`"),
        ("a)", "unexpected ): `a)`"),
        ("a\\", "trailing backslash at end of expression"),
        (r"\pL", "\\p in the regular expression `\\pL` is not simulated"),
        ("(?U)a+", "the flag U in the regular expression `(?U)a+` is not simulated"),
    ],
)
def test_what_go_refuses_or_nobody_translates_is_named(pattern, message):
    """Nothing is passed to Python that means something else there."""
    with pytest.raises(ValueError) as caught:
        compile_regex(pattern)

    assert message in str(caught.value)


def test_replacements_name_groups_as_go_does():
    """A name takes as many letters as it can; what does not exist is empty."""
    regex = compile_regex(r"(?P<first>a)(b)?")

    assert regex.sub(expand("${first}x-$2-$$-$9"), "a") == "ax--$-"
    assert regex.sub(expand("$firstx"), "a") == ""
