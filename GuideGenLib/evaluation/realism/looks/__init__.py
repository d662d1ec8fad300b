"""Whether generated CTs look like scans: grain, borders, vessels, and whether the two can be told apart."""
