"""The lake: loaded and computed tables as Delta tables in a folder or an object store, whole pages at a time."""
