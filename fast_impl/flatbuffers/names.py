"""From a class that flatc generated to the full name of its table."""

from __future__ import annotations

from collections.abc import Collection


def full_name(T: type) -> str:  # noqa: N803
    """What the name is where nobody moved the generated code: flatc makes a module for each table."""
    module, name = T.__module__, T.__name__
    return module if module.rpartition(".")[2] == name else name


def matching(T: type, names: Collection[str]) -> list[str]:  # noqa: N803
    """Those of the `names` that `T` may stand for.

    One where its module tells it exactly. Else, of code moved into a package (`app.generated.MyGame.Monster`), those
    with a namespace that its module ends with: one without could be any table of that name. And of code in one file
    (`flatc --gen-onefile`), whose module tells no namespace, those that end with the name of the class.
    """
    told = full_name(T)
    if told in names and told == T.__module__:
        return [told]
    if told == T.__module__:
        return [name for name in names if "." in name and told.endswith("." + name)]
    return [name for name in names if name.rpartition(".")[2] == told]
