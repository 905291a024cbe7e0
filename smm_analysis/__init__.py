"""A laboratory for social-media strategy: claims tested on your own data, with intervals and verdicts.

Importing this is cheap; each module imports what it needs when it is asked for:

>>> from smm_analysis import tables, health, verdict, plot
"""

from importlib.metadata import version

__version__ = version("smm-analysis")
