"""Exercises of the case notebooks (연습): guesses are noted, answers are checked, and a wrong one is told why.

Each case has a module and a TOML file of its name: the module works out the right answer, and the answers that known
slips give, from what the notebook has computed; the file holds the words in both languages. The notebook itself holds
no answer but in cells tagged ``solution``, which `reader_copy` leaves out.

A new exercise is a function of its name that returns a `Truth`, an entry of the same name in the TOML file with a hint
for every trap, and in the notebook a question, a cell tagged ``solution`` that sets `answer`, and a cell tagged
``lab-only`` that checks it.
"""

from .checking import Truth
from .reader import STUB, reader_copy, write_reader_copies
from .workbook import Feedback, Feedbacks, Workbook

__all__ = ["STUB", "Feedback", "Feedbacks", "Truth", "Workbook", "reader_copy", "write_reader_copies"]
