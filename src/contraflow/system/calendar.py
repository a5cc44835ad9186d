"""The calendar of the reference model: where its runs begin, where the data that ship end, and its steps."""

from contraflow.engine import Grid

#: Decimal years. ``DATA_END`` is the end of the last month of the data.
START, DATA_END = 2000.0, 2025.0
#: Integration steps a month.
SUBSTEPS = 2


def monthly_grid(until: float, substeps: int = SUBSTEPS) -> Grid:
    """Months from ``START`` to ``until``, in decimal years."""
    return Grid(START, round((until - START) * 12), substeps=substeps)
