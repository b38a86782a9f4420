"""How the company lives: a seeded day-by-day simulation of teams that plan, work, block, finish and think again."""
