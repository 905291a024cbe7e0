"""The runner: notebooks in, pages out (보고서).

`catalogue` knows the notebooks and their parameters, `run` checks what was asked and hands it to a pool of processes,
`work` executes one notebook with papermill, `page` makes it an offline HTML page, `publish` replaces `latest` as a
whole. No model is imported here: a notebook is run, not understood; its verdicts are read out of its outputs.
"""
