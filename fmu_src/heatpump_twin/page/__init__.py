"""What a page that shows a machine at work has to know of it."""
