"""Five widely read articles on autoencoders, replicated, measured and kept true.

Two halves that never import each other, and the tables they meet in:

    what an article says               what we measure
    claims/<slug>.toml                 experiments/<slug>.py
    claims/verdicts.py, regression.py  models, layers, losses, metrics, training, datasets
    claims/check.py, report.py         runner/ (what runs when), store (files), fingerprints (keys)
                      └──── results/ ────┘   the tables, known to both

    few_labels.py  what experiments of two articles share: learning from few labels
    environment.py what a process takes from where it is started, and what it does not
    streams.py     standard output that cannot be written
    numerics.py    what this machine computes, hashed bit by bit
    machines.py    emulated machines, and how far they differ: `make noise`
    files.py       atomic replacement, for whoever writes
    git.py         what git says of this checkout
    figures/       plots, for notebooks
    study.py       one article for its notebook; cards.py, a claim as a card
    notebooks.py   executes and renders notebooks/, each in a kernel.py
    site/          all of it as pages, from committed results
    publish.py     judges, and writes terminal, documents, test report and site
    reproduce.py   `make reproduce`: jobs, notebooks, check, report
    listing.py     what there is, by name: `list` and `why`
    errors.py      what every error of ours is
    events.py      what happens while jobs run; terminal.py shows it
    __main__.py    the command line: `python -m replication --help`

Importing the package loads neither half, and no Keras; but Keras, once it is loaded, has the
settings of this package.
"""

from replication import environment

environment.fix_keras()
