"""From the tables of a file to the rows of a set: pure, every fault named with its place and how to mend it."""
