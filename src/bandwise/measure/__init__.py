"""What can be measured: quality of speech, pitch trackers, and the tables and charts that show it."""
