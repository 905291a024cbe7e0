"""Early warning (조기 경보): hourly counts, scores from the past alone, and a budget of false alarms."""
