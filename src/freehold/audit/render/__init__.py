"""The report for a reader: Markdown, JSON, SARIF, JUnit and HTML. Text for a terminal is the command line's."""
