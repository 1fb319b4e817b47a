"""Which of the four listings of article 04 run alone, as they are printed."""

from replication.experiments import Metric, Outcome, Profile, experiment

# Part 4: what each listing imports or defines before it uses it, and what it uses, by name.
PRINTED = {
    "reduction": {
        "has": ("np", "plt", "mnist", "Model", "Input", "Dense"),
        "uses": ("mnist", "Input", "Dense", "Model", "plt", "np"),
    },
    "features": {
        "has": ("mnist", "Sequential", "Dense", "Flatten", "Dropout", "to_categorical"),
        "uses": ("mnist", "Sequential", "Dense", "Model", "Dropout", "to_categorical"),
    },
    "denoising": {
        "has": ("mnist",),
        "uses": ("mnist", "np", "Input", "Dense", "Model", "plt"),
    },
    "anomaly": {
        "has": ("mnist", "np"),
        "uses": ("mnist", "Input", "Dense", "Model", "np", "plt"),
    },
}


@experiment(
    "applied-printed",
    seeds=range(1),
    minutes=0.1,
    metrics=[
        *(Metric(f"{name}_missing_names", "names", "lower") for name in PRINTED),
        Metric("complete_listings", "listings", "higher"),
    ],
)
def printed(seed: int, profile: Profile) -> Outcome:
    """How many names each listing uses without importing them: one is enough for a NameError.

    Copied into an empty session each listing stops at the first of them; pasted one after the
    other, as the article may mean it, all four find what the first one imported.
    """
    missing = {name: missing_names(**each) for name, each in PRINTED.items()}
    counts = {f"{name}_missing_names": len(each) for name, each in missing.items()}
    counts["complete_listings"] = sum(not each for each in missing.values())
    return Outcome({name: (value, len(PRINTED)) for name, value in counts.items()})


def missing_names(*, has: tuple[str, ...], uses: tuple[str, ...]) -> list[str]:
    """The names that are used and not there, in the order of their use."""
    return [name for name in uses if name not in has]
