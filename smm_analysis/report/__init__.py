"""The runner: notebooks in, pages out (보고서).

What was asked becomes jobs, jobs become pages, pages are published as a whole:

- `catalogue` knows the notebooks and their parameters, `grid` the product of lists, `plan` turns both into jobs;
- `work` makes one report with papermill, `page` its offline HTML, `figures` and `pdf` what goes beside it;
- `pool` works on this machine, with `warm` or `plain` kernels, `cluster` on many with Dask; `preload` is what workers
  begin with;
- `run` joins these, `publish` replaces `latest`, `log` and `compare` tell what happened, `masking` hides secrets;
- `new` writes a notebook for a question of one's own.

No model is imported here: a notebook is run, not understood; its verdicts are read out of its outputs.
"""
