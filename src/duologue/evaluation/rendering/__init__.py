"""What the report is shown as."""
