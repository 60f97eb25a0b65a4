"""Words to places and back: what an address says, what is known by that name, and how well the two agree."""
