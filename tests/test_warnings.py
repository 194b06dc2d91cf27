"""Warnings are errors, but for what a library's own code finds deprecated in another."""

import warnings

import pytest

LATE = [DeprecationWarning, PendingDeprecationWarning, FutureWarning]


def warn_from(module, category):
    """Warn as if a line of that module did."""
    warnings.warn_explicit("as told", category, f"{module}.py", 1, module, registry={})


@pytest.mark.parametrize("category", LATE)
@pytest.mark.parametrize(
    "module",
    ["mlpnas.space", "cnnnas.layers", "rnncell.run", "tests.core_tests.test_x", "fakes"],
)
def test_what_we_call_must_not_be_deprecated(module, category):
    with pytest.raises(category):
        warn_from(module, category)
    with pytest.raises(category):
        warnings.warn("here", category, stacklevel=1)


@pytest.mark.parametrize("category", LATE)
@pytest.mark.parametrize("module", ["pyparsing.util", "matplotlib", "keras.src.x", "testspkg"])
def test_what_libraries_call_of_one_another_may_be(module, category):
    warn_from(module, category)


@pytest.mark.parametrize("category", [UserWarning, RuntimeWarning, ResourceWarning])
def test_all_other_warnings_are_errors_wherever_they_come_from(category):
    with pytest.raises(category):
        warn_from("numpy.core", category)
