"""What a validation leaves behind: terminal table, JSON, JUnit and HTML, all from one `Scores`."""
