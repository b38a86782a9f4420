"""What several sources have in common: computed rows that no source can tell alone, from what each computed alone.

A source is computed on its own: none of its histories, links, sprints or boards reaches into another. What is left are
figures over all of them. `own` says which rows those are, `outlines` what each source tells of itself, `chunks` how the
periods are shared out, `trends` and `ageing` make the rows. Law: sources computed apart and joined here equal one
warehouse that holds them all, row by row.
"""
