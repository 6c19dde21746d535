"""The watch: calendars, reminders, the day's messages, the post."""
