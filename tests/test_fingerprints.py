"""Fingerprints: what changes a key, what does not, and what cannot have one."""

import ast
import importlib
import importlib.metadata
import sys
import textwrap

import numpy as np
import pytest

from replication import fingerprints, models
from replication.fingerprints import array_digest, digest, source_closure

TOY = {
    "__init__": "",
    "layers": """
        SCALE = 2
        UNUSED = 3

        def scaled(x):
            return SCALE * x

        def unused(x):
            return UNUSED * x
    """,
    "losses": """
        from toy import layers
        from toy.layers import scaled as again

        def loss(x):
            return layers.scaled(x) + inner(x)

        def inner(x):
            return again(x)

        class Model:
            def call(self, x):
                return loss(x)
    """,
}


@pytest.fixture
def closure(tmp_path, monkeypatch):
    """Writes a toy package, with files replaced, and returns one closure in it."""
    monkeypatch.setattr(fingerprints, "_PACKAGE", "toy")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    caches = [fingerprints._tree, fingerprints._definitions, fingerprints._imports]
    written = []

    def forget():
        for cache in caches:
            cache.cache_clear()
        for name in [each for each in sys.modules if each.split(".")[0] == "toy"]:
            del sys.modules[name]

    def close(name="losses.loss", **files):
        forget()
        root = tmp_path / str(len(written))
        written.append(root)
        (root / "toy").mkdir(parents=True)
        for module, source in {**TOY, **files}.items():
            if source is None:  # a file of the toy package that is to be left out
                continue
            path = root / "toy" / f"{module.replace('__in__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(textwrap.dedent(source))
        monkeypatch.setattr(fingerprints, "_ROOT", root / "toy")
        monkeypatch.syspath_prepend(root)
        importlib.invalidate_caches()
        module, _, function = name.rpartition(".")
        return source_closure(getattr(importlib.import_module(f"toy.{module}"), function))

    yield close
    forget()


def changed(module, old, new):
    """The toy package with one piece of text replaced."""
    assert old in TOY[module]
    return {module: TOY[module].replace(old, new)}


def test_closure_follows_calls_across_modules(closure):
    """Functions, and the constants they name, through `module.name` and renamed imports."""
    assert list(closure()) == [
        "toy.layers.SCALE",
        "toy.layers.scaled",
        "toy.losses.inner",
        "toy.losses.loss",
    ]


def test_closure_of_a_class_covers_its_methods(closure):
    """A builder is often a class."""
    assert {"toy.losses.Model", "toy.layers.SCALE"} <= set(closure("losses.Model"))


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("layers", "SCALE = 2", "SCALE = 4"),
        ("layers", "SCALE * x", "SCALE + x"),
        ("losses", "return again(x)", "return -again(x)"),
        ("layers", "def scaled(x)", "def scaled(x, y=0)"),
    ],
    ids=["constant", "callee", "neighbour", "default"],
)
def test_a_change_that_can_matter_changes_the_closure(closure, module, old, new):
    """Anything reachable counts, however far."""
    assert closure(**changed(module, old, new)) != closure()


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("layers", "UNUSED = 3", "UNUSED = 4"),
        ("layers", "def unused(x)", "def other(x)"),
        ("layers", "SCALE = 2", "# twice\nSCALE = 2"),
        ("layers", "return SCALE * x", "return (SCALE  *  x)  # twice"),
        ("layers", "def scaled(x):", 'def scaled(x):\n            """Doubles."""'),
        ("layers", "def scaled(x):", "def scaled(x: float) -> float:"),
        ("losses", "class Model:", 'class Model:\n            """A model."""'),
    ],
    ids=["constant", "function", "comment", "layout", "docstring", "annotation", "class"],
)
def test_a_change_that_cannot_matter_leaves_the_closure(closure, module, old, new):
    """Unreachable code, comments, layout, docstrings and annotations."""
    source = textwrap.dedent(TOY[module])
    new = textwrap.dedent(new).replace("\n            ", "\n    ")
    assert old in source

    found = closure("losses.Model", **{module: source.replace(old, new)})

    assert found == closure("losses.Model")


def test_a_module_handed_about_as_a_value_counts_whole(closure):
    """What is picked from it at run time cannot be known."""
    found = closure("losses.loss", losses="from toy import layers\n\ndef loss(x):\n    f(layers)\n")

    assert {"toy.layers.unused", "toy.layers.UNUSED"} <= set(found)


def test_a_name_is_followed_through_a_package_that_re_exports_it(closure):
    """A module that became a package of the same name loses nothing from the closure."""
    split = {
        "layers__in____init__": "from toy.layers.scaling import scaled",
        "layers__in__scaling": TOY["layers"],
    }

    found = closure(**split, layers=None)

    assert "toy.layers.scaling.SCALE" in found
    assert "toy.layers.scaling.scaled" in found


@pytest.mark.parametrize(
    "statement", ["import toy.layers", "from . import layers", "from toy.layers import *"]
)
def test_imports_that_cannot_be_followed_are_refused(closure, statement):
    """They would drop out of the key in silence; the message shows the line."""
    with pytest.raises(ValueError, match="cannot be followed") as caught:
        closure(losses=f"{statement}\n\ndef loss(x):\n    return x\n")

    assert statement in str(caught.value)


def test_an_experiments_declaration_is_not_part_of_it(closure):
    """Minutes, seeds and tier say nothing about a number; other decorators do."""
    source = "def experiment(**_):\n    return lambda f: f\n\n{}\ndef loss(x):\n    return x\n"
    plain, declared, cached = (
        closure(losses=source.format(line).replace("\n\n\n", "\n\n"))["toy.losses.loss"]
        for line in ("", "@experiment(minutes=3)", "@staticmethod")
    )

    assert plain == declared != cached


def nested():
    """Returns a function whose surroundings cannot be seen."""

    def inside():
        return None

    return inside


@pytest.mark.parametrize(
    "function",
    [lambda: None, nested(), nested, models.VAE.encode, np.mean],
    ids=["lambda", "nested", "outside", "method", "library"],
)
def test_what_is_not_at_the_top_level_of_the_package_is_refused(function):
    """The message names the function and says where to move it."""
    with pytest.raises(ValueError, match="cannot be fingerprinted") as caught:
        source_closure(function)

    assert function.__qualname__ in str(caught.value)


def test_closure_of_the_headline_model_reaches_layers_and_losses():
    """The real package: what its loss is made of is in the key of the clustering VAE."""
    found = source_closure(models.ClusteringVAE)

    for name in (
        "losses.gaussian_kl",
        "losses.EPSILON",
        "layers.Sampling",
        "models.variational.VAE",
        "models.variational.conv_trunk",
    ):
        assert f"replication.{name}" in found
    assert "replication.models.classifiers.image_classifier" not in found


def test_array_digest_depends_on_bytes_shape_type_and_order():
    """Equal arrays agree in any memory layout; everything else tells them apart."""
    array = np.arange(6, dtype=np.float32)
    distinct = [
        array_digest(array),
        array_digest(array + 1),
        array_digest(array.reshape(2, 3)),
        array_digest(array.astype(np.float64)),
        array_digest(array, array),
        array_digest(),
    ]

    assert len(set(distinct)) == len(distinct)
    table = array.reshape(2, 3)
    assert array_digest(np.asfortranarray(table)) == array_digest(table)


def test_digest_does_not_depend_on_the_order_of_keys():
    """A mapping is a mapping; values that JSON cannot hold are refused."""
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 2, "b": 1})
    with pytest.raises(ValueError):
        digest({"a": float("nan")})


def test_key_environment_names_versions_and_device_only():
    """Another processor or Python may carry on with a run; other versions may not."""
    found = fingerprints.key_environment()
    whole = fingerprints.environment()

    assert {"backend", "keras", "numpy", "device"} <= set(found)
    assert not {"processor", "python"} & set(found)
    assert {"processor", "python"} <= set(whole)
    assert found.items() <= whole.items()


def test_versions_are_those_installed_and_say_what_is_missing():
    """By the distribution's name; a key can be told where a package is not installed."""
    found = fingerprints.versions(("umap-learn", "no-such-distribution"))

    assert found == {
        "umap-learn": importlib.metadata.version("umap-learn"),
        "no-such-distribution": "missing",
    }
    assert fingerprints.versions(()) == {}


def test_a_syntax_tree_is_the_same_text_on_every_supported_python():
    """Or a key would change with the interpreter, and every stored run would be lost."""
    tree = ast.parse("def f(x):\n    return f'{x:{2}}'\n\nclass A:\n    pass\n")

    assert fingerprints._dump(tree) == (
        "Module(body=[FunctionDef(name='f', args=arguments(posonlyargs=[], args=[arg(arg='x')], "
        "kwonlyargs=[], kw_defaults=[], defaults=[]), body=[Return(value=JoinedStr(values=["
        "FormattedValue(value=Name(id='x', ctx=Load()), conversion=-1, format_spec=JoinedStr("
        "values=[FormattedValue(value=Constant(value=2), conversion=-1)]))]))], "
        "decorator_list=[]), ClassDef(name='A', bases=[], keywords=[], body=[Pass()], "
        "decorator_list=[])], type_ignores=[])"
    )
