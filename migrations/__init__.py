"""The warehouse schema's revisions, and the commands that apply them."""
