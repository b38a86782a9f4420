"""Takes loaded tables back to a past instant, so that any metric can be computed as it was then."""
