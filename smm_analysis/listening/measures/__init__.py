"""The measures of a week (주간 지표): who counts, for what, with which interval."""
