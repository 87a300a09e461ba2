"""The charts of Overview and Trends: pure functions, a frame of `fer_core.queries` → a chart of Altair.

Every frame may be empty. Hidden cells (fewer visits than may be shown) have their count and no value. Text, lines and
grounds take the page's theme, light or dark; colours are those of `ui.theme`.
"""

from ui.charts.over_time import change_over_time, compared, reviews_over_time
from ui.charts.parts import CELLS_BRUSH, GROUP_BRUSH, TIME_BRUSH, Chart
from ui.charts.side_by_side import change_by_dwell, change_by_group, expression_mix, reviews_by_group
from ui.charts.sums import expressions_over_time
from ui.charts.week import week_heat
from ui.charts.zones import zone_mix, zone_rates, zones_over_time

__all__ = [
    "CELLS_BRUSH",
    "GROUP_BRUSH",
    "TIME_BRUSH",
    "Chart",
    "change_by_dwell",
    "change_by_group",
    "change_over_time",
    "compared",
    "expression_mix",
    "expressions_over_time",
    "reviews_by_group",
    "reviews_over_time",
    "week_heat",
    "zone_mix",
    "zone_rates",
    "zones_over_time",
]
