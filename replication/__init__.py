"""Five well-read articles on autoencoders, replicated, measured and kept true.

Two halves that never import each other, and the tables they meet in:

    what an article says               what we measure
    claims/<slug>.toml                 experiments/<slug>.py
    claims/verdicts.py, regression.py  models, layers, losses, metrics, training, datasets
    claims/check.py, report.py         runner/ (what runs when), store (files), fingerprints (keys)
                      └──── results/ ────┘   the tables, known to both

    numerics.py    what this machine computes, hashed bit by bit
    machines.py    emulated machines, and how far they differ: `make noise`
    files.py       atomic replacement, for whoever writes
    figures/       plots, for notebooks
    notebooks.py   executes and renders notebooks/
    site/          all of it as pages, from committed results
    publish.py     judges, and writes terminal, documents, test report and site
    reproduce.py   `make reproduce`: jobs, notebooks, check, report
    events.py      what happens while jobs run; terminal.py shows it
    __main__.py    the command line: `python -m replication --help`

Importing the package loads neither half, and no Keras.
"""
