"""Your own pictures and tables: loaded with every doubt named, split without leaks, saved.

Nothing is left out, filled, resized or converted in silence: each such decision is a
:class:`Note` that names the file or the column, says what was found, and what was done.

The way through, as lesson 14 takes it:

1. :func:`load_pictures` reads a folder, :func:`load_table` a CSV file; :func:`report` prints the
   notes.
2. :func:`duplicates` finds copies, :func:`copies` names them, :func:`joined` ties further reasons
   to stay together to them (one film, one patient). ``aecourse.data.split_groups`` then splits.
3. :func:`prepare` fills and standardises a table with its training rows.
4. :func:`save_codes` writes codes and errors; ``aecourse.saving.save`` writes the model, with the
   ``scaling`` and the ``full_names`` of what was prepared.
5. :func:`load_rows` reads new rows for that model, and :func:`fill` makes them ready; new pictures
   are read by :func:`load_pictures`, with the model's size and colour.

``python -m aecourse template`` makes a notebook of that way, to be pointed at your data.
"""

from aecourse.own_data.columns import CODES_FOR_MISSING, MISSING, MOST_CATEGORIES
from aecourse.own_data.pictures import (
    FOREIGN_ENDINGS,
    MOST_VALUES,
    PICTURE_ENDINGS,
    Pictures,
    load_pictures,
)
from aecourse.own_data.preparing import Prepared, fill, prepare
from aecourse.own_data.reporting import Note, report
from aecourse.own_data.splitting import copies, duplicates, joined
from aecourse.own_data.tables import Columns, load_rows, load_table
from aecourse.own_data.writing import save_codes

__all__ = [
    "CODES_FOR_MISSING",
    "FOREIGN_ENDINGS",
    "MISSING",
    "MOST_CATEGORIES",
    "MOST_VALUES",
    "PICTURE_ENDINGS",
    "Columns",
    "Note",
    "Pictures",
    "Prepared",
    "copies",
    "duplicates",
    "fill",
    "joined",
    "load_pictures",
    "load_rows",
    "load_table",
    "prepare",
    "report",
    "save_codes",
]
